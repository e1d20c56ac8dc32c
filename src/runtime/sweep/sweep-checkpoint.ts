/** The file from which an interrupted sweep goes on. */

import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { SweepCheckpoint } from '../../model/sweep-record.ts';
import { asInvokingUser } from '../host/privileges.ts';

/** A checkpoint that cannot be used. */
class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code = 'CHECKPOINT_INVALID';
}

/**
 * Reads a checkpoint.
 *
 * @returns undefined when there is none yet
 * @throws {CheckpointError} when the file is something else
 */
export function readCheckpoint(file: string): SweepCheckpoint | undefined {
  let text: string;
  try {
    text = asInvokingUser(() => readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CheckpointError(`the checkpoint cannot be read: ${reason}`);
  }
  const checkpoint = parsed(text);
  if (checkpoint !== undefined) return checkpoint;
  throw new CheckpointError(`${file} is no checkpoint of a sweep: name another file`);
}

/** Replaces a checkpoint as a whole: after a crash there is the old one or the new one. */
export async function writeCheckpoint(file: string, checkpoint: SweepCheckpoint): Promise<void> {
  await writeFile(`${file}.tmp`, `${JSON.stringify(checkpoint)}\n`, { flush: true });
  await rename(`${file}.tmp`, file);
}

/** @throws {CheckpointError} when it is of a sweep with other targets or settings */
export function requireSameSweep(checkpoint: SweepCheckpoint, digest: string, file: string): void {
  if (checkpoint.digest === digest) return;
  throw new CheckpointError(
    `${file} belongs to a sweep with other targets or settings: repeat that command, or remove ` +
      'the file to start anew',
  );
}

/** Interfaces, a hash of 32 bits each, as a checkpoint has them. */
export function interfacesAsText(hashes: Uint32Array): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength).toString('base64');
}

/** Those that were known by then. */
export function interfacesIn(checkpoint: SweepCheckpoint | undefined): Uint32Array {
  if (checkpoint === undefined) return new Uint32Array(0);
  const bytes = Uint8Array.from(Buffer.from(checkpoint.interfaces, 'base64'));
  return new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}

function parsed(text: string): SweepCheckpoint | undefined {
  try {
    const value = JSON.parse(text) as Partial<SweepCheckpoint> | null;
    const { schema, digest, seed, windowsDone, totals, outputLength, interfaces } = value ?? {};
    const isWhole =
      schema === 'fantrace.sweep-checkpoint/1' &&
      typeof digest === 'string' &&
      [seed, windowsDone, outputLength].every((each) => Number.isInteger(each)) &&
      typeof interfaces === 'string' &&
      Array.isArray(totals?.repliesByTtl);
    return isWhole ? (value as SweepCheckpoint) : undefined;
  } catch {
    return undefined;
  }
}
