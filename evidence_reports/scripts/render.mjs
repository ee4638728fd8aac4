// Makes the site from a compiled app in .evidence/template and the data that `evidence sources` wrote there: the
// last steps of `evidence build:strict`, without the compiler. Prerendering is SvelteKit's own, by a path that its package
// does not export; package-lock.json fixes what is there.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { compress } from './compress.mjs';

process.env.NODE_ENV = 'production';
process.env.EVIDENCE_STRICT_MODE = 'true';
process.env.EVIDENCE_IS_BUILDING = 'true';
process.env.EVIDENCE_DATA_DIR = './static/data';
process.env.EVIDENCE_DATA_URL_PREFIX = 'static/data';

const built = resolve('build');
const kit = resolve('node_modules/@sveltejs/kit');
process.chdir('.evidence/template');
const { default: prerender } = await import(join(kit, 'src/core/postbuild/prerender.js'));
const out = resolve('.svelte-kit/output');
const routes = new Map(JSON.parse(readFileSync(join(out, 'routes.json'), 'utf-8')));
await prerender({
	out,
	manifest_path: join(out, 'server/manifest-full.js'),
	metadata: { nodes: [], routes },
	verbose: false,
	env: {}
});

cpSync(join(out, 'client'), built, { recursive: true, filter: (path) => basename(path) !== '.vite' });
cpSync('static/data', join(built, 'data'), { recursive: true });
for (const rendered of ['pages', 'dependencies']) {
	cpSync(join(out, 'prerendered', rendered), built, { recursive: true });
}
writeFileSync(join(built, '_app/env.js'), 'export const env={}');

// Evidence's last step: each file of the data moves to a folder named by its content, and the manifest says where.
const manifestFile = join(built, 'data/manifest.json');
const manifest = JSON.parse(readFileSync(manifestFile, 'utf-8'));
for (const [source, files] of Object.entries(manifest.renderedFiles)) {
	manifest.renderedFiles[source] = files.map((file) => {
		const path = file.split('/').slice(-3).join('/');
		const from = join(built, 'data', path);
		if (!existsSync(from)) return file;
		const hash = createHash('md5').update(readFileSync(from)).digest('hex');
		const to = join(dirname(path), hash, basename(path));
		mkdirSync(dirname(join(built, 'data', to)), { recursive: true });
		renameSync(from, join(built, 'data', to));
		return file.replace(path, to);
	});
}
writeFileSync(manifestFile, JSON.stringify(manifest) + '\n');
await compress(built);
console.log('Site rendered');
