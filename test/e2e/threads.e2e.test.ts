/** What threads of the program do to the process that they are in. */

import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { build } from '../../tools/build.mjs';

const DIST = new URL('../../dist/', import.meta.url);

beforeAll(() => {
  expect(build({ ifNeeded: true })).toBe(true);
});

/** Watches a descriptor, says so, and stays. */
const WATCHING = `(async () => {
  const { parentPort } = require('node:worker_threads');
  const { Readiness } = await import('${DIST}native/readiness.js');
  const { libc } = await import('${DIST}native/libc.js');
  globalThis.watch = new Readiness([libc().epoll_create1(0)], () => {});
  parentPort.postMessage('watching');
})()`;

/** @param end what the program does with its `worker` once that watches */
function program(end: string): string {
  return `
    const { Worker } = require('node:worker_threads');
    const worker = new Worker(${JSON.stringify(WATCHING)}, { eval: true });
    worker.once('exit', () => console.log('the worker has ended'));
    worker.once('message', () => ${end});
  `;
}

test.each([
  { shows: 'the process ends', end: 'process.exit(0)', stdout: '' },
  { shows: 'the worker is ended', end: 'worker.terminate()', stdout: 'the worker has ended\n' },
])('no crash when $shows', ({ end, stdout }) => {
  const argv = ['-e', program(end)];
  const outcome = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 20_000 });
  expect(outcome).toMatchObject({ status: 0, signal: null, stdout, stderr: '' });
});

/** Prints the niceness of the thread that called, and of all others that differ from it. */
const PRIORITIES = `(async () => {
  const fs = require('node:fs');
  const { trace } = await import('${DIST}index.js');
  await trace('db7', { simulate: 'healthy-fabric', names: false, thread: 'worker' });
  const niceness = (task) =>
    Number(fs.readFileSync('/proc/self/task/' + task + '/stat', 'utf8').split(') ')[1].split(' ')[16]);
  const own = niceness(process.pid);
  const all = fs.readdirSync('/proc/self/task').map(niceness);
  console.log(JSON.stringify({ own, others: all.filter((each) => each !== own) }));
})()`;

test('a worker gives way to the thread that called it', () => {
  const argv = ['-n', '3', process.execPath, '-e', PRIORITIES];
  const { stdout, stderr } = spawnSync('nice', argv, { encoding: 'utf8', timeout: 20_000 });
  expect({ stderr, ...JSON.parse(stdout) }).toEqual({ stderr: '', own: 3, others: [8] });
});
