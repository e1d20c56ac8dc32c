/** The version of this package, read from its manifest so that it is written down only once. */

import { readFileSync } from 'node:fs';

const manifest = new URL('../../package.json', import.meta.url);

export const VERSION: string = JSON.parse(readFileSync(manifest, 'utf8')).version;
