/** `npm run ok`: all that needs no root, in under a minute, with one green line at the end. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { green, ROOT, red, runChecks } from './checks.mjs';

const startedAt = performance.now();
const { passed, failed } = runChecks();
const unit = spawnSync(
  path.join(ROOT, 'node_modules/.bin/vitest'),
  ['run', '--project', 'unit', '--silent=passed-only'],
  { cwd: ROOT, stdio: 'inherit' },
);
if (unit.status !== 0) failed.push('unit tests');

const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
if (failed.length === 0) {
  console.log(green(`ok: ${passed} checks and the unit tests passed in ${seconds} s`));
} else {
  console.log(red(`not ok: ${failed.join(', ')} (${seconds} s)`));
  process.exitCode = 1;
}
