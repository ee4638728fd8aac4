// What a chart says of a point is HTML, and Evidence puts names from the data into it as they are: a site called
// <img onerror=...> would run. Here every such text is made plain before any chart's formatter gets it.
import { format, registerPreprocessor } from 'echarts';

const seen = new WeakSet();
const listed = (part) => [part ?? []].flat();
const plain = (value) =>
	typeof value === 'string' ? format.encodeHTML(value) : Array.isArray(value) ? value.map(plain) : value;

/** A point, or a list of points, with its texts made plain; `marker`, which is ECharts' own HTML, stays. */
const plainPoint = (point) =>
	Array.isArray(point)
		? point.map(plainPoint)
		: Object.assign(Object.create(point), {
				name: plain(point.name),
				seriesName: plain(point.seriesName),
				value: plain(point.value)
			});

registerPreprocessor((option) => {
	const parts = [option, ...listed(option.xAxis), ...listed(option.yAxis), ...listed(option.series)];
	for (const tooltip of parts.flatMap((part) => listed(part?.tooltip))) {
		const { formatter } = tooltip;
		if (typeof formatter !== 'function' || seen.has(formatter)) continue;
		tooltip.formatter = (point, ...rest) => formatter(plainPoint(point), ...rest);
		seen.add(tooltip.formatter);
	}
});
