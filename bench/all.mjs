/**
 * Every bench of speed in a row, each in a process of its own: `npm run bench`. Ends with a table of
 * all figures, their goals and their ratios, and how long it all took.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, release } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('./run.mjs', import.meta.url));
/** As `FigureList` prints it. */
const FIGURE = /^(pass|MISS) {2}(.*): (\S+) ?(.*) \(goal (.*), ratio (\S+)\)$/;

/** Those that need root say so and count as missed without it. */
const BENCHES = [
  { name: 'engine', options: [] },
  { name: 'kernel-rate', options: ['200000'] },
  { name: 'event-loop-delay', options: [] },
  { name: 'end-to-end', options: [] },
  { name: 'trace-latency', options: [] },
  { name: 'peers', options: [] },
  { name: 'sweep', options: [] },
  { name: 'trace-concurrency', options: [] },
];

/** @type {string[]} */
const table = [];
/** @type {string[]} */
const missed = [];
const startedMs = performance.now();
const [{ model } = { model: 'unknown' }] = cpus();
const machine = `${cpus().length} × ${model}, Linux ${release()}, Node ${process.version}`;
console.log(machine);
for (const { name, options } of BENCHES) {
  console.log(`\n== ${name}`);
  if ((await run(name, options)) !== 0) missed.push(name);
}
const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
console.log(`\n${machine}; ${minutes} minutes\n`);
console.log('| what | figure | goal | ratio | |\n| --- | --- | --- | --- | --- |');
for (const row of table) console.log(row);
console.log(missed.length === 0 ? '\nall goals met' : `\nmissed: ${missed.join(', ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;

/**
 * Runs one, shows what it says, and keeps its figures.
 *
 * @param {string} name
 * @param {readonly string[]} options
 * @returns {Promise<number | null>} its exit status
 */
async function run(name, options) {
  const argv = ['--expose-gc', RUNNER, name, ...options];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const [, verdict, what, value, unit, goal, ratio] = FIGURE.exec(line) ?? [];
    if (verdict !== undefined) {
      table.push(`| ${what} | ${value} ${unit} | ${goal} | ${ratio} | ${verdict} |`);
    }
  }
  const [status] = await closed;
  return status;
}
