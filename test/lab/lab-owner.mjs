/**
 * Opens a lab, prints its name, and stays until it is ended: what crashed or interrupted runs look
 * like to others. Node 20 runs no TypeScript, so vite loads the module. Takes a plan as JSON.
 */

import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

const server = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, watch: null, ws: false },
});
const { openLab } = await server.ssrLoadModule('/test/lab/namespace-lab.ts');
const lab = await openLab(JSON.parse(process.argv[2] ?? ''));
console.log(lab.name);
