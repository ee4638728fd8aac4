import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import adapter from '@sveltejs/adapter-static';

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
				writeFileSync(join(builder.getBuildDirectory('output'), 'routes.json'), JSON.stringify(routes));
				await site.adapt(builder);
			}
		}
	}
};
