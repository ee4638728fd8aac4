// Unpacks the Chromium of @sparticuz/chromium, and the NSS libraries that come with it, into $TMPDIR.
// Prints what stands where, as JSON.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium, { inflate } from '@sparticuz/chromium';

const packed = fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium')));
const executable = await chromium.executablePath();
const libraries = join(await inflate(join(packed, 'al2023.tar.br')), 'lib');
console.log(JSON.stringify({ executable, libraries }));
