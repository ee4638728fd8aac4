// What each page is loaded with. It does what Evidence's own +layout.js does, except that DuckDB is opened by the first query
// that was not prerendered instead of on every visit: docs/decisions/0010-light-report.md.
import { browser, dev } from '$app/environment';
import {
	arrowTableToJSON,
	initDB,
	query as ask,
	setParquetURLs,
	tableFromIPC,
	updateSearchPath
} from '@evidence-dev/universal-sql/client-duckdb';
import { setTrackProxy } from '@evidence-dev/sdk/usql';
import { addBasePath } from '@evidence-dev/sdk/utils/svelte';
import md5 from 'blueimp-md5';
import { writable } from 'svelte/store';

export const ssr = !dev;
export const prerender = true;
export const trailingSlash = 'always';

// Where DuckDB is, for those who wait for it: 'closed', 'opening', 'open' or 'failed'.
const engine = writable('closed');

async function manifest() {
	if (browser) return (await fetch(addBasePath('/data/manifest.json'))).json();
	const { readFile } = await import('fs/promises');
	return JSON.parse(await readFile('./static/data/manifest.json', 'utf-8'));
}

async function openEngine() {
	engine.set('opening');
	try {
		const { renderedFiles } = await manifest();
		await initDB();
		await setParquetURLs(renderedFiles, { addBasePath });
		await updateSearchPath(Object.keys(renderedFiles));
		engine.set('open');
	} catch (error) {
		engine.set('failed');
		throw error;
	}
}

let opening;
const opened = () => (opening ??= openEngine());

/** Rows of the queries that were run when the page was prerendered, by name. */
async function prerendered(routeHash, paramsHash, fetch) {
	const answer = await fetch(addBasePath(`/api/${routeHash}/${paramsHash}/all-queries.json`));
	if (!answer.ok) return {};
	const found = Object.entries(await answer.json()).map(async ([name, hash]) => {
		const file = await fetch(addBasePath(`/api/prerendered_queries/${hash}.arrow`));
		return file.ok ? [name, arrowTableToJSON(await tableFromIPC(file))] : undefined;
	});
	return Object.fromEntries((await Promise.all(found)).filter(Boolean));
}

// A page is prerendered twice: the first time its components set their inputs, and its queries run.
const rehearsed = new Map();

export const load = async ({ fetch, route, params, url }) => {
	const json = (path) => fetch(addBasePath(path)).then((answer) => answer.json());
	const [customFormattingSettings, pagesManifest, evidencemeta] = await Promise.all([
		json('/api/customFormattingSettings.json/GET.json').then((settings) => settings.customFormattingSettings),
		json('/api/pagesManifest.json'),
		json(`/api/${route.id}/evidencemeta.json`).catch(() => ({ queries: [] }))
	]);
	const routeHash = md5(route.id);
	const listed = Object.entries(params).sort().map(([name, value]) => `${name}\x1F${value}`);
	const paramsHash = md5(listed.join('\x1E'));

	const unset = { label: '', value: '(SELECT NULL WHERE 0 /* An Input has not been set */)' };
	const inputs = rehearsed.get(url.pathname) ?? setTrackProxy(unset);
	if (!browser && !rehearsed.has(url.pathname)) {
		rehearsed.set(url.pathname, inputs);
		await fetch(url);
		rehearsed.delete(url.pathname);
	}
	if (!browser) await (dev ? openEngine() : opened());

	function query(sql, { query_name, callback = (rows) => rows } = {}) {
		if (browser) return opened().then(() => ask(sql)).then(callback);
		const kept = { route_hash: routeHash, additional_hash: paramsHash, query_name, prerendering: !dev };
		return callback(ask(sql, kept));
	}

	return {
		__db: {
			query,
			engine,
			load: opened,
			updateParquetURLs: async (text) => setParquetURLs(JSON.parse(text).renderedFiles, { addBasePath })
		},
		inputs,
		data: browser ? await prerendered(routeHash, paramsHash, fetch) : {},
		customFormattingSettings,
		isUserPage: Boolean(route.id),
		evidencemeta,
		pagesManifest
	};
};
