/** The file from which an interrupted sweep goes on. */

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { AddressSet } from '../../lib/address-ranges.ts';
import { reasonOf } from '../../lib/reason.ts';
import type { SweepCheckpoint } from '../../model/sweep-record.ts';
import { asInvokingUser } from '../host/privileges.ts';
import type { SweepOutputKind } from './sweep-encoders.ts';
import type { SweepSettings } from './sweep-settings.ts';

/** A checkpoint that cannot be used. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: 'CHECKPOINT_INVALID' | 'CHECKPOINT_UNWRITABLE';

  constructor(message: string, code: CheckpointError['code'] = 'CHECKPOINT_INVALID') {
    super(message);
    this.code = code;
  }
}

/** What a checkpoint belongs to. */
export interface SweepIdentity {
  readonly settings: SweepSettings;
  readonly targets: AddressSet;
  /** Undefined where replies are not kept. */
  readonly outputKind: SweepOutputKind | undefined;
  readonly senders: number;
}

/** Of everything that decides which window is which: a checkpoint is of no use to another sweep. */
export function sweepDigest({ settings, targets, outputKind, senders }: SweepIdentity): string {
  const { rates, maxProbes: _, timeoutUs: __, ...rest } = settings;
  const identity = JSON.stringify({ ...rest, rate: rates.total, outputKind, senders });
  return createHash('sha256').update(identity).update(targets.fingerprint()).digest('hex');
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
    throw new CheckpointError(`the checkpoint cannot be read: ${reasonOf(error)}`);
  }
  const checkpoint = parsed(text);
  if (checkpoint !== undefined) return checkpoint;
  throw new CheckpointError(`${file} is no checkpoint of a sweep: name another file`);
}

/**
 * Replaces a checkpoint as a whole: after a crash there is the old one or the new one.
 *
 * @throws {CheckpointError} CHECKPOINT_UNWRITABLE
 */
export async function writeCheckpoint(file: string, checkpoint: SweepCheckpoint): Promise<void> {
  try {
    await writeFile(`${file}.tmp`, `${JSON.stringify(checkpoint)}\n`, { flush: true });
    await rename(`${file}.tmp`, file);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * Makes sure that a checkpoint can be written, before hours of probing depend on it.
 *
 * @throws {CheckpointError} CHECKPOINT_UNWRITABLE
 */
export async function requireWritable(file: string): Promise<void> {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a folder');
    await writeFile(`${file}.tmp`, '');
    await rm(`${file}.tmp`);
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): CheckpointError {
  const message = `the checkpoint ${file} cannot be written: ${reasonOf(error)}`;
  return new CheckpointError(message, 'CHECKPOINT_UNWRITABLE');
}

/** @throws {CheckpointError} when it is of a sweep with other targets or settings */
export function requireSameSweep(checkpoint: SweepCheckpoint, digest: string, file: string): void {
  if (checkpoint.digest === digest) return;
  throw new CheckpointError(
    `${file} belongs to a sweep with other targets, settings or output: repeat that, or remove ` +
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
