/** Programs that stand in for those of others, and a folder where they leave what they were told. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The path of one. */
export function standIn(name: 'scamper' | 'scamper-daemon' | 'paris-traceroute'): string {
  return fileURLToPath(new URL(`stand-ins/${name}`, import.meta.url));
}

/** A folder for the test that runs. */
export function standInFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fantrace-stand-in-'));
  process.env['STAND_IN_FOLDER'] = folder;
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The lines that stand-ins left in one of its files. */
export function linesLeft(folder: string, file: string): string[] {
  return readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
}
