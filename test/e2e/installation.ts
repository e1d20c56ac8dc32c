/** Packs the project and installs the package, as npm would for a user. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder with the installation that files of tests share. */
    readonly installation: string;
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Before the first file: installs for all that are content with sharing. */
export function setup(project: TestProject): () => void {
  const folder = publicFolder();
  installInto(folder);
  project.provide('installation', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** A new folder that everybody may read. */
export function publicFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-e2e-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Installs the package into a folder, built if it has to be. */
export function installInto(folder: string): void {
  execFileSync(process.execPath, [path.join(ROOT, 'tools/build.mjs'), '--if-needed']);
  const tarball = packInto(folder);
  writeFileSync(path.join(folder, 'package.json'), manifest(tarball));
  writeFileSync(path.join(folder, 'package-lock.json'), lockFile(tarball));
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...flags], { cwd: folder, stdio: 'pipe' });
}

function packInto(folder: string): string {
  const flags = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const report = execFileSync('npm', ['pack', ...flags], { cwd: ROOT, stdio: 'pipe' });
  return JSON.parse(report.toString())[0].filename;
}

function manifest(tarball: string): string {
  return JSON.stringify({ private: true, dependencies: { fantrace: `file:${tarball}` } });
}

/** Pins what the project itself was installed with, so that the cache of npm has it. */
function lockFile(tarball: string): string {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  const { '': own, ...others } = packages;
  const needed = Object.entries(others).filter(([, entry]) => !(entry as { dev?: true }).dev);
  return JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { dependencies: { fantrace: `file:${tarball}` } },
      'node_modules/fantrace': { ...own, devDependencies: {}, resolved: `file:${tarball}` },
      ...Object.fromEntries(needed),
    },
  });
}
