// Lambert azimuthal equal-area projection around the middle of a set of places, fitted to a box. It distorts little near
// its middle, so it suits a fleet anywhere in the world. Source: Snyder, Map Projections (1987), p. 185.
const RADIANS = Math.PI / 180;

/** @returns {(lng: number, lat: number) => [number, number]} in earth radii, y pointing down */
const around = (lng0, lat0) => {
	const sin0 = Math.sin(lat0 * RADIANS);
	const cos0 = Math.cos(lat0 * RADIANS);
	return (lng, lat) => {
		const sin = Math.sin(lat * RADIANS);
		const cos = Math.cos(lat * RADIANS);
		const turn = (lng - lng0) * RADIANS;
		const scale = Math.sqrt(2 / Math.max(1e-3, 1 + sin0 * sin + cos0 * cos * Math.cos(turn)));
		return [scale * cos * Math.sin(turn), -scale * (cos0 * sin - sin0 * cos * Math.cos(turn))];
	};
};

/** A projection to pixels that shows all of `places` ({lng, lat}) in width × height, with a margin in pixels. */
export const fit = (places, width, height, margin) => {
	const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
	const project = around(middle(places.map((p) => p.lng)), middle(places.map((p) => p.lat)));
	const points = places.map((p) => project(p.lng, p.lat));
	const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
	const span = (values) => Math.max(Math.max(...values) - Math.min(...values), 0.02);
	const scale = Math.min((width - 2 * margin) / span(xs), (height - 2 * margin) / span(ys));
	return (lng, lat) => {
		const [x, y] = project(lng, lat);
		return [width / 2 + (x - middle(xs)) * scale, height / 2 + (y - middle(ys)) * scale];
	};
};

/** SVG path of lines stored as flat integer steps in hundredths of a degree. Lines far outside the box are left out. */
export const path = (lines, project, width, height, closed) =>
	lines
		.map((steps) => {
			let [lng, lat, text, near] = [0, 0, '', false];
			for (let i = 0; i < steps.length; i += 2) {
				lng += steps[i];
				lat += steps[i + 1];
				const [x, y] = project(lng / 100, lat / 100);
				near ||= x > -width && x < 2 * width && y > -height && y < 2 * height;
				text += `${i ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`;
			}
			return near ? text + (closed ? 'Z' : '') : '';
		})
		.join('');
