/**
 * Starts a bench: Node 20 does not run TypeScript, so vite, which comes with vitest, loads it.
 * Usage: run.mjs NAME [OPTION]…
 */

import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';
import { build } from '../tools/build.mjs';

const [name = '', ...options] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));

const NEEDS_BUILD = new Set(['lab-accuracy', 'watch']);
if (!NEEDS_BUILD.has(name) || build({ ifNeeded: true })) {
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
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
