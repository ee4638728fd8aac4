import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import adapter from '@sveltejs/adapter-static';
import { compress } from './scripts/compress.mjs';

// Evidence's own pages, on its data and settings, are not for readers. Their code editor alone is larger than this report.
// This file is read in Evidence's copy of the project, before its routes are.
for (const route of ['explore', 'settings']) rmSync(join('src/pages', route), { recursive: true, force: true });

const site = adapter({ pages: './build', strict: false }); // as Evidence has it

export default {
	kit: {
		// The version is the report project, not the time or the release: one compiled app serves every release, and its
		// file names change only when the project does.
		version: { name: process.env.SENTINEL_APP ?? 'development' },
		adapter: {
			name: site.name,
			// scripts/render.mjs prerenders the compiled app again, and must know which routes are prerendered.
			async adapt(builder) {
				const routes = builder.routes.map(({ id, prerender }) => [id, { prerender }]);
				const output = builder.getBuildDirectory('output');
				writeFileSync(join(output, 'routes.json'), JSON.stringify(routes));
				// Here what belongs to the app; what comes from data is still to change, and is compressed at the end.
				for (const kept of ['_app', 'duckdb-ext', 'geo']) await compress(join(output, 'client', kept));
				await site.adapt(builder);
			}
		}
	}
};
