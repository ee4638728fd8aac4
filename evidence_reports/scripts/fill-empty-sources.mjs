// `evidence sources` writes no file for a query without rows but still lists it, and the build then fails on the missing
// file. This writes the missing files with the right columns and no rows. Run it after `evidence sources`.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const TYPES = { number: 'double', string: 'varchar', boolean: 'boolean', date: 'timestamp_ms' };
const template = '.evidence/template';
const quoted = (text, mark) => mark + text.replaceAll(mark, mark + mark) + mark;

const { renderedFiles } = JSON.parse(readFileSync(join(template, 'static/data/manifest.json'), 'utf-8'));
const missing = Object.values(renderedFiles)
	.flat()
	.map((file) => join(template, file))
	.filter((file) => !existsSync(file));
const connection = await (await DuckDBInstance.create()).connect();
for (const file of missing) {
	const schema = JSON.parse(readFileSync(file.replace(/parquet$/, 'schema.json'), 'utf-8'));
	const columns = schema.map((column) => `null::${TYPES[column.evidenceType]} as ${quoted(column.name, '"')}`);
	await connection.run(`copy (select ${columns.join(', ')} where false) to ${quoted(file, "'")} (format parquet)`);
	console.log(`${file}: no rows`);
}
