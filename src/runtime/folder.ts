/** Makes folders. */

import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder, and those that it lies in where they are missing. Node's own `recursive` tries
 * for ever where a file system refuses new folders with ENOENT, as procfs does.
 *
 * @param mode of what is made, less what the umask takes
 * @returns whether anything had to be made
 * @throws what the system says, with `code`, when a folder cannot be made
 */
export function makeFolder(folder: string, mode = 0o777): boolean {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  for (const each of missing) makeUnlessThere(each, mode);
  return missing.length > 0;
}

/** Another process may make the same one at the same time. */
function makeUnlessThere(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
