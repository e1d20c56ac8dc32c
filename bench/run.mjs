/**
 * Starts a bench: Node 20 does not run TypeScript, so vite, which comes with vitest, loads it, or
 * tsc compiles it.
 * Usage: run.mjs NAME [OPTION]…
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from '../tools/build.mjs';

const [name = '', ...options] = process.argv.slice(2);
const root = fileURLToPath(new URL('..', import.meta.url));

/** Benches that measure the code as it ships, or that run much of it. */
const MEASURES_SPEED = new Set([
  'engine',
  'engine/uninlined',
  'event-loop/host',
  'kernel-rate/worker',
  'paths-concurrency',
  'scenarios',
  'sweep',
]);
/** Benches that start the program. */
const NEEDS_BUILD = new Set(['end-to-end', 'lab-accuracy', 'peers', 'sweep', 'watch']);

/** Where such a bench is compiled to, with all that it imports. */
const COMPILED = path.join(root, 'node_modules/.cache/fantrace-bench');

/** By plain tsc and run by plain Node: in the process of vite the same code takes three times as long. */
async function loadCompiled() {
  if (!isCompiled()) compile();
  return import(pathToFileURL(path.join(COMPILED, 'bench', `${name}.js`)).href);
}

/** Benches start many processes: all but the first find everything done. */
function isCompiled() {
  const compiledMs = modifiedMs(path.join(COMPILED, 'package.json'));
  const sources = [
    'package.json',
    'tsconfig.base.json',
    'scenarios',
    'src',
    'bench',
    'test',
  ].flatMap((each) => {
    const place = path.join(root, each);
    const below = each.includes('.') ? [] : readdirSync(place, { recursive: true });
    return [place, ...below.map((inside) => path.join(place, String(inside)))];
  });
  return sources.every((file) => modifiedMs(file) < compiledMs);
}

/** @param {string} file */
function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compile() {
  const compiler = path.join(root, 'node_modules/.bin/tsc');
  const argv = ['-p', path.join(root, 'bench/tsconfig.json'), '--outDir', COMPILED];
  const { status, stdout } = spawnSync(compiler, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the bench does not compile: ${stdout}`);
  cpSync(path.join(root, 'scenarios'), path.join(COMPILED, 'scenarios'), { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(COMPILED, 'package.json')); // last
}

async function loadByVite() {
  const { createViteServer } = await import('vitest/node');
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  const bench = await server.ssrLoadModule(`/bench/${name}.ts`);
  return { ...bench, close: () => server.close() };
}

if (NEEDS_BUILD.has(name) && !build({ ifNeeded: true })) {
  process.exitCode = 1;
} else {
  const doesMeasure = MEASURES_SPEED.has(name) || options.includes('--speed');
  const bench = await (doesMeasure ? loadCompiled() : loadByVite());
  try {
    process.exitCode = await bench.main(options);
  } finally {
    await bench.close?.();
  }
}
