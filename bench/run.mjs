/**
 * Starts a bench: Node 20 does not run TypeScript, so vite, which comes with vitest, loads it.
 * Usage: run.mjs NAME [OPTION]…
 */

import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createViteServer } from 'vitest/node';
import { build } from '../tools/build.mjs';

const [name = '', ...options] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));

/** Benches that measure the code as it ships. */
const MEASURES_SPEED = new Set(['engine', 'kernel-rate', 'kernel-rate/worker', 'sweep']);
/** Those, and what starts the program. */
const NEEDS_BUILD = new Set([...MEASURES_SPEED, 'lab-accuracy', 'watch']);

/** What a bench of speed imports from src/ is the compiled file: vite's own form of it is slower. */
const compiledSource = {
  name: 'compiled-source',
  enforce: /** @type {const} */ ('pre'),
  /** @type {(source: string, importer: string | undefined) => object | undefined} */
  resolveId(source, importer) {
    if (importer === undefined || !source.startsWith('.')) return undefined;
    const inRoot = path.relative(root, path.resolve(path.dirname(importer), source));
    if (!inRoot.startsWith(`src${path.sep}`)) return undefined;
    const compiled = path.join(root, 'dist', inRoot.slice(4).replace(/\.ts$/, '.js'));
    return { id: pathToFileURL(compiled).href, external: true };
  },
};

if (!NEEDS_BUILD.has(name) || build({ ifNeeded: true })) {
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    plugins: MEASURES_SPEED.has(name) ? [compiledSource] : [],
  });
  try {
    const { main } = await server.ssrLoadModule(`/bench/${name}.ts`);
    process.exitCode = await main(options);
  } finally {
    await server.close();
  }
} else {
  process.exitCode = 1;
}
