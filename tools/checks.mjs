/** The checks that run no test: each is a command, and passes when that exits with 0. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * In this order, cheap ones first; publint looks at what the build left.
 *
 * @type {readonly { name: string, command: readonly string[] }[]}
 */
const CHECKS = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types of the core', command: ['tsc', '-p', 'tsconfig.core.json'] },
  { name: 'promises and cycles', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'tidy', command: ['node', 'tools/tidy.mjs'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
  { name: 'build', command: ['node', 'tools/build.mjs'] },
  { name: 'package', command: ['publint', 'run', '--strict'] },
];

/**
 * Runs every check, one line each and in full what a red one says.
 *
 * @returns {{ passed: number, failed: string[] }}
 */
export function runChecks() {
  const failed = [];
  for (const { name, command } of CHECKS) {
    const startedAt = performance.now();
    const { isGreen, output } = runTool(command);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${isGreen ? green('ok ') : red('red')} ${name} (${seconds} s)`);
    if (isGreen) continue;
    failed.push(name);
    const alone = command[0] === 'node' ? command : ['npx', '--no', '--', ...command];
    console.log(`${output.trimEnd()}\n  alone: ${alone.join(' ')}`);
  }
  return { passed: CHECKS.length - failed.length, failed };
}

/** @param {readonly string[]} command */
function runTool([name = '', ...args]) {
  const file = name === 'node' ? process.execPath : path.join(ROOT, 'node_modules/.bin', name);
  const env = hasColors() ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  return { isGreen: status === 0, output: error ? error.message : stdout + stderr };
}

/** @param {string} text */
export function green(text) {
  return hasColors() ? styleText('green', text) : text;
}

/** @param {string} text */
export function red(text) {
  return hasColors() ? styleText('red', text) : text;
}

/** Whether our output is a terminal that takes colours; NO_COLOR is respected. */
function hasColors() {
  return process.stdout.isTTY === true && process.stdout.hasColors();
}
