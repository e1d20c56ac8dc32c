/**
 * Compiles src/ into dist/ and bundles the executables: silent when all is well. Files of dist/
 * that have no source any more are removed, the executables get their bit. With --if-needed,
 * nothing is done while dist/ is newer than what it is made from.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SETTINGS = ['package.json', 'tsconfig.base.json', 'tsconfig.build.json', 'tools/bundle.mjs'];

/**
 * Builds, with the compiler's messages on our own output.
 *
 * @param {{ ifNeeded?: boolean }} [options]
 * @returns {boolean} whether dist/ is now what src/ says
 */
export function build({ ifNeeded = false } = {}) {
  const executables = binFiles();
  if (ifNeeded && !isStale(executables)) return true;
  const compiler = path.join(ROOT, 'node_modules/.bin/tsc');
  const { status, error } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (error) console.error(`tsc did not start (${error.message}): run npm ci first`);
  if (status !== 0) return false;
  removeOrphans();
  if (!bundle()) return false;
  return executables.map(makeExecutable).every(Boolean);
}

/** In a process of its own, as the bundler works asynchronously. */
function bundle() {
  const { status } = spawnSync(process.execPath, ['tools/bundle.mjs'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  return status === 0;
}

/** @returns {string[]} paths from the root */
function binFiles() {
  const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  return Object.values(bin);
}

/** @param {string[]} outputs */
function isStale(outputs) {
  if (outputs.some((file) => !existsSync(path.join(ROOT, file)))) return true;
  const oldestOutput = Math.min(...outputs.map(modifiedAt));
  const inputs = [...SETTINGS, 'src', ...entriesOf('src').map((name) => path.join('src', name))];
  return inputs.some((file) => modifiedAt(file) >= oldestOutput);
}

/** Removes what an earlier build made of a source that is gone. */
function removeOrphans() {
  for (const name of entriesOf('dist')) {
    if (name.split(path.sep)[0] === 'bundle') continue; // made anew as a whole
    const source = path.join(ROOT, 'src', name.replace(/(?:\.d\.ts|\.js)$/, '.ts'));
    if (!existsSync(source))
      rmSync(path.join(ROOT, 'dist', name), { recursive: true, force: true });
  }
}

/** @param {string} file */
function makeExecutable(file) {
  if (existsSync(path.join(ROOT, file))) {
    chmodSync(path.join(ROOT, file), 0o755);
    return true;
  }
  console.error(`package.json names ${file} as an executable, but no source makes it`);
  return false;
}

/** @param {string} folder */
function entriesOf(folder) {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
}

/** @param {string} file */
function modifiedAt(file) {
  return statSync(path.join(ROOT, file)).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ifNeeded = process.argv.includes('--if-needed');
  process.exitCode = build({ ifNeeded }) ? 0 : 1;
}
