/** A thread that runs trials: every message names one, every answer is its result. */

import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { createViteServer } from 'vitest/node';

if (parentPort === null) throw new Error('run bench/run.mjs localisation instead');
const port = parentPort;
const server = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
const { TASKS } = await server.ssrLoadModule('/bench/localisation/tasks.ts');
await server.close();
port.on('message', ({ task, options }) => port.postMessage(TASKS[task](options)));
