// Writes static/geo/basemap.json: coastlines, borders and US state lines from Natural Earth (public domain), taken from
// the npm packages world-atlas 2.0.2 and us-atlas 3.0.1. Run it by hand when the shapes need to change:
//   npm install --no-save world-atlas@2.0.2 us-atlas@3.0.1 topojson-client@3 topojson-simplify@3
//   node scripts/basemap.mjs
// A line is one flat list of integers in hundredths of a degree: lng, lat, then the steps from point to point.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature, mesh } from 'topojson-client';
import { presimplify, simplify } from 'topojson-simplify';

const require = createRequire(import.meta.url);
const read = (name) => JSON.parse(readFileSync(require.resolve(name)));
const coarse = (topology, weight) => simplify(presimplify(topology), weight);

const steps = (line) => {
	const points = [];
	for (const [lng, lat] of line) {
		const point = [Math.round(lng * 100), Math.round(lat * 100)];
		const last = points.at(-1);
		if (!last || last[0] !== point[0] || last[1] !== point[1]) points.push(point);
	}
	return points.flatMap(([x, y], i) => (i ? [x - points[i - 1][0], y - points[i - 1][1]] : [x, y]));
};

const world = coarse(read('world-atlas/countries-50m.json'), 0.012);
const states = coarse(read('us-atlas/states-10m.json'), 0.004);
const land = feature(world, world.objects.land)
	.features.flatMap(({ geometry: g }) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates))
	.flat()
	.map(steps)
	.filter((ring) => ring.length > 8);
const inner = (topology, object) =>
	mesh(topology, object, (a, b) => a !== b).coordinates.map(steps).filter((line) => line.length > 2);
const borders = [...inner(world, world.objects.countries)];
const stateLines = inner(states, states.objects.states);

writeFileSync('static/geo/basemap.json', JSON.stringify({ source: 'Natural Earth, public domain', land, borders, stateLines }));
