/** Reads whole files that may be compressed, or come through a pipe, within bounds. */

import { type Stats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { printable } from '../../lib/printable.ts';
import { fileReasonOf } from '../../lib/reason.ts';
import { TraceFileError } from './seen-traces.ts';

/** What a file holds, unpacked. */
export interface TraceInput {
  /** Printable. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Whether it was compressed, and the compressed data end too early. */
  readonly isCut: boolean;
}

/** Of a file as it is, and unpacked: all of it is held in memory. */
const INPUT_BYTES_MAX: number = 2 ** 30;
const STDIN = '-';

/**
 * Reads one.
 *
 * @param path `-` for the standard input
 * @throws {TraceFileError} FILE_UNREADABLE
 */
export async function readTraceInput(path: string): Promise<TraceInput> {
  const name = path === STDIN ? 'standard input' : printable(path);
  try {
    const bytes = await contentsOf(path);
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b; // RFC 1952 §2.3.1
    return { name, ...(isCompressed ? unpacked(bytes) : { bytes, isCut: false }) };
  } catch (error) {
    const message = `${name} cannot be read: ${fileReasonOf(error)}`;
    throw new TraceFileError(message, 'FILE_UNREADABLE');
  }
}

async function contentsOf(path: string): Promise<Buffer> {
  if (path === STDIN) return collected(process.stdin);
  requireReadable(statSync(path));
  const file = await open(path);
  try {
    return await collected(file.createReadStream({ autoClose: false }));
  } finally {
    await file.close();
  }
}

function requireReadable(stat: Stats): void {
  if (stat.isFile() && stat.size > INPUT_BYTES_MAX) throw tooLarge();
  if (stat.isDirectory()) throw new RangeError('it is a folder');
  if (!stat.isFile() && !stat.isFIFO()) throw new RangeError('it is no file');
}

async function collected(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function unpacked(bytes: Buffer): Pick<TraceInput, 'bytes' | 'isCut'> {
  const limits = { maxOutputLength: INPUT_BYTES_MAX };
  try {
    return { bytes: gunzipSync(bytes, limits), isCut: false };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    if (code !== 'Z_BUF_ERROR') throw error;
    const flushed = { ...limits, finishFlush: constants.Z_SYNC_FLUSH };
    return { bytes: gunzipSync(bytes, flushed), isCut: true };
  }
}

function tooLarge(): RangeError {
  return new RangeError('it is larger than 1 GiB: cut it, with editcap or head');
}
