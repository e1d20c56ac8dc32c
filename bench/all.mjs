/**
 * Every bench of speed in a row, each in a process of its own: `npm run bench`. Ends with the names
 * of those that missed a goal, or could not run here.
 */

import { spawnSync } from 'node:child_process';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('./run.mjs', import.meta.url));

/** Those that need root say so and count as missed without it. */
const BENCHES = [
  { name: 'engine', options: [] },
  { name: 'kernel-rate', options: [] },
  { name: 'event-loop-delay', options: [] },
  { name: 'sweep', options: [] },
  { name: 'trace-concurrency', options: [] },
  { name: 'paths-lab', options: ['3', 'scamper'] },
];

const [{ model } = { model: 'unknown' }] = cpus();
console.log(`${cpus().length} × ${model}, Linux ${release()}, Node ${process.version}`);
const missed = BENCHES.filter(({ name, options }) => {
  console.log(`\n== ${name}`);
  const argv = ['--expose-gc', RUNNER, name, ...options];
  return spawnSync(process.execPath, argv, { stdio: 'inherit' }).status !== 0;
}).map(({ name }) => name);
console.log(missed.length === 0 ? '\nall goals met' : `\nmissed: ${missed.join(', ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;
