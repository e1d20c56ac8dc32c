/**
 * The folder of result files. A file is written aside, brought to the disk and renamed, so that
 * whoever looks sees all of it or nothing, also after a kill or a crash.
 */

import { chownSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../runtime/folder.ts';
import type { Disk } from '../result-spool.ts';

/** Holds what is being written; its name does not end as results do, nor do the names in it. */
const ASIDE = '.fantrace-partial';
const FOLDER_MODE = 0o777; // as the ancestor; less what the umask takes

/** A user, and the group that is theirs. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A folder for results. */
export class ResultFolder implements Disk {
  readonly #folder: string;
  readonly #mode: number;
  #count = 0;

  /**
   * Makes the folder, and clears away what a killed process left half-written.
   *
   * @param mode of the files, whatever the umask says
   * @param owner whom folders that it has to make belong to; ourselves unless told
   * @throws what the system says when it cannot be made or written
   */
  constructor(folder: string, mode: number, owner?: Owner) {
    this.#folder = folder;
    this.#mode = mode;
    const aside = join(folder, ASIDE);
    for (const each of [folder, aside]) {
      const isNew = makeFolder(each, FOLDER_MODE);
      if (isNew && owner !== undefined) chownSync(each, owner.uid, owner.gid);
    }
    for (const name of readdirSync(aside)) {
      if (isLeftOver(name)) rmSync(join(aside, name), { force: true });
    }
  }

  async write(path: string, content: string): Promise<void> {
    const target = join(this.#folder, path);
    const aside = join(this.#folder, ASIDE, `${process.pid}-${this.#count++}`);
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE });
    await mkdir(dirname(aside), { recursive: true, mode: FOLDER_MODE });
    try {
      const file = await open(aside, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.chmod(this.#mode);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, target);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  }
}

/** Whether the process that wrote it is no more; one of our own number was an earlier one. */
function isLeftOver(name: string): boolean {
  const pid = Number.parseInt(name, 10);
  if (!Number.isInteger(pid) || pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
