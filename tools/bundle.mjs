/**
 * Makes the executables of package.json that lie in dist/bundle/: one file for each command and what
 * commands share, as CommonJS. Loading some hundred modules would take a program that measures
 * milliseconds longer than its measurement. The library stays as the compiler wrote it.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where bundles lie, from the root; `dist/bundle/NAME.js` is made of `dist/cli/NAME.js`. */
const BUNDLE_FOLDER = 'dist/bundle';
/**
 * Packages that become part of the bundle: small ones that every start needs. Others find files by
 * their own place, as koffi does, or are loaded by those who wait for them anyway.
 */
const BUNDLED = ['commander', 'mmdb-lib', 'p-limit', 'picocolors', 'smol-toml', 'yocto-queue'];

/** What commands start as threads, by files that lie beside their own. */
const THREADS = ['runtime/sweep/sender-thread.js'];

const { bin } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const names = Object.values(bin)
  .filter((file) => path.dirname(file) === BUNDLE_FOLDER)
  .map((file) => path.basename(file, '.js'));
rmSync(path.join(ROOT, BUNDLE_FOLDER), { recursive: true, force: true });
await bundle(path.join(ROOT, BUNDLE_FOLDER), names);

/**
 * @param {string} folder
 * @param {readonly string[]} names
 */
async function bundle(folder, names) {
  /** @param {string} name */
  const sourceOf = (name) => path.join(ROOT, 'dist/cli', `${name}.js`);
  const commands = names.map((name) => [name, sourceOf(name)]);
  const threads = THREADS.map((file) => [
    path.basename(file, '.js'),
    path.join(ROOT, 'dist', file),
  ]);
  const input = Object.fromEntries([...commands, ...threads]);
  const built = await rolldown({
    input,
    platform: 'node',
    external: isExternal,
    logLevel: 'warn',
    // Modules that one command needs at once and another later are meant to be with the former.
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await built.write({
    dir: folder,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await built.close();
  writeFileSync(path.join(folder, 'package.json'), '{"type":"commonjs"}\n');
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  writeFileSync(path.join(folder, 'LICENSES.txt'), licences(modules));
}

/** @param {string} name as an import has it */
function isExternal(name) {
  if (name.startsWith('.') || path.isAbsolute(name) || name.startsWith('\0')) return false;
  return !BUNDLED.includes(name) && !names.includes(name);
}

/** @param {readonly string[]} modules paths of all files in the bundle */
function licences(modules) {
  const folders = modules.flatMap((file) => /^.*\/node_modules\/[^/]+/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    );
    return `${name} ${version} (${license})\n\n${licenceText(folder)}`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} folder */
function licenceText(folder) {
  const names = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE'];
  for (const name of names) {
    try {
      return readFileSync(path.join(folder, name), 'utf8');
    } catch {
      // by another name, then
    }
  }
  throw new Error(`${folder} has no licence to pass on with its code`);
}
