/**
 * Files that a command writes besides its output. They are opened before anything is measured, so
 * that a place that cannot be written fails at once, and keep what they hold until there is
 * something new to write.
 */

import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { printable } from '../lib/printable.ts';
import { fileReasonOf } from '../lib/reason.ts';
import { asInvokingUser } from '../runtime/host/privileges.ts';
import { CliError } from './cli-error.ts';

const EXIT_FAILED = 1;
/** Flags that name a file to write. */
const FILE_FLAGS = ['record', 'svg', 'dot', 'html'] as const;

/** An open file. Whoever writes to its descriptor by other means must close it as well. */
export class OutputFile {
  readonly path: string;
  readonly fd: number;
  readonly #flag: string;

  /** @throws {CliError} OUTPUT_UNWRITABLE */
  constructor(flag: string, path: string) {
    this.#flag = flag;
    this.path = path;
    try {
      // Under sudo with the rights of who called, not of root: sudo may be for this program only.
      this.fd = asInvokingUser(() => openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o666));
    } catch (error) {
      throw new CliError('OUTPUT_UNWRITABLE', this.failure(error), hintFor(error));
    }
  }

  /** Replaces what the file holds, and closes it. @returns what failed, in a sentence */
  replace(text: string): string[] {
    try {
      // Devices and pipes have no length.
      if (fstatSync(this.fd).isFile()) ftruncateSync(this.fd);
      writeFileSync(this.fd, text);
      closeSync(this.fd);
      return [];
    } catch (error) {
      return [this.failure(error)];
    }
  }

  /** The sentence for a call on this file that failed. */
  failure(error: unknown): string {
    return `${this.#flag}: ${this.path} cannot be written: ${fileReasonOf(error)}`;
  }
}

/**
 * Tells what could not be written. A loss that was found counts more than a full disk, and that
 * more than a clean network: `docs/decisions/0022-first-ttls-and-files.md`.
 *
 * @param status of what was measured
 * @returns the exit status
 */
export function statusWithFiles(status: number, failures: readonly string[]): number {
  for (const failure of failures) process.stderr.write(`fantrace: ${printable(failure)}\n`);
  return status === 0 && failures.length > 0 ? EXIT_FAILED : status;
}

/**
 * Opens every file that flags name.
 *
 * @returns by flag, such as `--svg`
 * @throws {CliError} OUTPUT_UNWRITABLE; USAGE when two flags name one file
 */
export function openOutputs(
  flags: Partial<Record<(typeof FILE_FLAGS)[number], string>>,
): ReadonlyMap<string, OutputFile> {
  const files = new Map<string, OutputFile>();
  const flagByFile = new Map<string, string>();
  for (const name of FILE_FLAGS) {
    const path = flags[name];
    if (path === undefined) continue;
    const flag = `--${name}`;
    const file = new OutputFile(flag, path);
    const stat = fstatSync(file.fd);
    const id = stat.isFile() ? `${stat.dev} ${stat.ino}` : flag;
    const other = flagByFile.get(id);
    if (other !== undefined) {
      throw new CliError('USAGE', `${flag}: ${path} is already written by ${other}`);
    }
    flagByFile.set(id, flag);
    files.set(flag, file);
  }
  return files;
}

function hintFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EACCES') return '';
  const isSudo = process.getuid?.() === 0;
  return isSudo ? 'under sudo, files are opened with the rights of the user who called' : '';
}
