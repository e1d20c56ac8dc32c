/**
 * Where the records of a sweep go: JSON lines, the same compressed, or Parquet. Writing happens
 * beside the measurement, never inside it. Whatever `settle` has returned for survives a crash, and
 * can be cut back to by whoever resumes: compressed lines are gzip members one after the other, and
 * Parquet is a folder of whole files.
 */

import { type FileHandle, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../../lib/reason.ts';
import { makeFolder } from '../folder.ts';
import {
  type ChunkTarget,
  encoderTo,
  type SweepOutput,
  type SweepOutputKind,
} from './sweep-encoders.ts';

/** An output that cannot be written, or is not what a checkpoint says. */
export class SweepOutputError extends Error {
  override readonly name = 'SweepOutputError';
  readonly code = 'OUTPUT_UNWRITABLE';
}

/**
 * What a file of replies is, by its ending: `.jsonl`, `.jsonl.gz` or `.parquet`.
 *
 * @throws {RangeError} for another
 */
export function outputKindOf(name: string): SweepOutputKind {
  const kind = (['jsonl', 'jsonl.gz', 'parquet'] as const).find((each) =>
    name.endsWith(`.${each}`),
  );
  if (kind !== undefined) return kind;
  throw new RangeError(`output must end in .jsonl, .jsonl.gz or .parquet, got ${name}`);
}

/**
 * Opens an output by its ending.
 *
 * @param resumeAt its length at the checkpoint: what is behind goes; undefined to start anew
 * @throws {RangeError} for another ending
 * @throws {SweepOutputError} when it cannot be opened, or has less than the checkpoint says
 */
export async function openSweepOutput(name: string, resumeAt?: number): Promise<SweepOutput> {
  const kind = outputKindOf(name);
  return encoderTo(kind, await openSweepTarget(name, resumeAt));
}

/** The same, for chunks that are made elsewhere. */
export async function openSweepTarget(name: string, resumeAt?: number): Promise<ChunkTarget> {
  try {
    return outputKindOf(name) === 'parquet'
      ? await openParts(name, resumeAt ?? 0)
      : await openFile(name, resumeAt);
  } catch (error) {
    if (error instanceof RangeError || error instanceof SweepOutputError) throw error;
    throw unwritable(name, error);
  }
}

async function openFile(name: string, resumeAt: number | undefined): Promise<ChunkTarget> {
  const file = await open(name, resumeAt === undefined ? 'w' : 'r+');
  const length = resumeAt ?? 0;
  try {
    const { size } = await file.stat();
    if (size < length) throw shorter(name, `${size} bytes`, `${length}`);
    await file.truncate(length);
  } catch (error) {
    await file.close();
    throw error;
  }
  return new FileTarget(name, file, length);
}

class FileTarget implements ChunkTarget {
  readonly #name: string;
  readonly #file: FileHandle;
  length: number;

  constructor(name: string, file: FileHandle, length: number) {
    this.#name = name;
    this.#file = file;
    this.length = length;
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < chunk.length; ) {
        const rest = chunk.length - from;
        const { bytesWritten } = await this.#file.write(chunk, from, rest, this.length);
        from += bytesWritten;
        this.length += bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.#name, error, KEPT);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      throw unwritable(this.#name, error);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The folder, with the first `parts` files of it and no others. */
async function openParts(folder: string, parts: number): Promise<ChunkTarget> {
  makeFolder(folder);
  let found = 0;
  for (const name of await readdir(folder)) {
    const number = /^part-(\d{6})\.parquet(\.tmp)?$/.exec(name)?.[1];
    if (number === undefined) continue; // not ours
    if (Number(number) > parts || name.endsWith('.tmp')) await rm(path.join(folder, name));
    else found++;
  }
  if (found < parts) throw shorter(folder, `${found} files`, `${parts}`);
  return new PartTarget(folder, parts);
}

/** Each chunk is a file of its own. */
class PartTarget implements ChunkTarget {
  readonly #folder: string;
  length: number;

  constructor(folder: string, parts: number) {
    this.#folder = folder;
    this.length = parts;
  }

  /** Under another name until it is whole. */
  async write(chunk: Uint8Array): Promise<void> {
    const number = String(this.length + 1).padStart(6, '0');
    const name = path.join(this.#folder, `part-${number}.parquet`);
    try {
      await writeFile(`${name}.tmp`, chunk, { flush: true });
      await rename(`${name}.tmp`, name);
    } catch (error) {
      throw unwritable(name, error, KEPT);
    }
    this.length++;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Of a sweep that was under way. */
const KEPT = '; once that is mended, the same sweep goes on from its checkpoint, where it has one';

function unwritable(name: string, error: unknown, hint = ''): SweepOutputError {
  const message = `the output ${name} cannot be written: ${reasonOf(error)}${hint}`;
  return new SweepOutputError(message, { cause: error });
}

function shorter(name: string, has: string, wanted: string): SweepOutputError {
  return new SweepOutputError(
    `the output ${name} has ${has}, but the checkpoint speaks of ${wanted}: name the output that ` +
      'belongs to it, or remove the checkpoint to start anew',
  );
}
