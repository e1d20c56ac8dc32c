/** What is left of a process when a thread of it that watched sockets ends. */

import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { build } from '../../tools/build.mjs';

const NATIVE = new URL('../../dist/native/', import.meta.url);

beforeAll(() => {
  expect(build({ ifNeeded: true })).toBe(true);
});

/** Watches a descriptor, says so, and stays. */
const WATCHING = `(async () => {
  const { parentPort } = require('node:worker_threads');
  const { Readiness } = await import('${NATIVE}readiness.js');
  const { libc } = await import('${NATIVE}libc.js');
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
