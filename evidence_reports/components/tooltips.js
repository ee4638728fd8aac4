// Chart tooltips are HTML, and Evidence puts names from the data into them unescaped: a site called <img onerror=...>
// would run as code. This escapes all such text before a chart's formatter sees it.
import { format, registerPreprocessor } from 'echarts';

const seen = new WeakSet();
const listed = (part) => [part ?? []].flat();
const escaped = (value) =>
	typeof value === 'string' ? format.encodeHTML(value) : Array.isArray(value) ? value.map(escaped) : value;

/** A point, or a list of points, with its text escaped. `marker` is ECharts' own HTML and stays as it is. */
const escapedPoint = (point) =>
	Array.isArray(point)
		? point.map(escapedPoint)
		: Object.assign(Object.create(point), {
				name: escaped(point.name),
				seriesName: escaped(point.seriesName),
				value: escaped(point.value)
			});

registerPreprocessor((option) => {
	const parts = [option, ...listed(option.xAxis), ...listed(option.yAxis), ...listed(option.series)];
	for (const tooltip of parts.flatMap((part) => listed(part?.tooltip))) {
		const { formatter } = tooltip;
		if (typeof formatter !== 'function' || seen.has(formatter)) continue;
		tooltip.formatter = (point, ...rest) => formatter(escapedPoint(point), ...rest);
		seen.add(tooltip.formatter);
	}
});
