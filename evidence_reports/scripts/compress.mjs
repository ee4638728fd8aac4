// Writes a gzip copy beside each large text and WebAssembly file of a folder that has none: app.js.gz beside app.js. Servers
// that know of them (`sentinel dev`, nginx with gzip_static) send a quarter of the bytes.
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';

const COMPRESSED = /\.(html|js|css|json|svg|wasm|arrow)$/;
const AT_LEAST_BYTES = 1024;

export async function compress(folder) {
	const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
	const files = entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name)); // Node 20 has only path
	const large = files.filter((file) => COMPRESSED.test(file) && statSync(file).size >= AT_LEAST_BYTES);
	for (const file of large.filter((file) => !existsSync(`${file}.gz`))) {
		await pipeline(createReadStream(file), createGzip({ level: 9 }), createWriteStream(`${file}.gz`));
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compress(process.argv[2]);
