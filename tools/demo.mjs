/**
 * The main job on the built-in simulated network, for which neither root nor a network is needed.
 * Prints nothing of its own: the verdict comes first.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const CLI = fileURLToPath(new URL('../dist/bundle/main.js', import.meta.url));
const LOSS_LOCATED = 2;

if (build({ ifNeeded: true })) {
  const demo = [
    CLI,
    'isolate',
    '--simulate',
    'one-link-loses-20-percent',
    ...process.argv.slice(2),
  ];
  const { status } = spawnSync(process.execPath, demo, { stdio: 'inherit' });
  // The simulated link does lose packets: to say so is success here.
  process.exitCode = status === LOSS_LOCATED ? 0 : status || 1;
} else {
  process.exitCode = 1;
}
