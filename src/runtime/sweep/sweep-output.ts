/**
 * Where the records of a sweep go: JSON lines, the same compressed, or Parquet. Writing happens
 * beside the measurement, never inside it. Whatever `settle` has returned for survives a crash, and
 * can be cut back to by whoever resumes: compressed lines are gzip members one after the other, and
 * Parquet is a folder of whole files.
 */

import { type FileHandle, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type * as ParquetWriterModule from 'hyparquet-writer';
import type { SweepReplyRecord } from '../../model/sweep-record.ts';
import { makeFolder } from '../folder.ts';

export interface SweepOutput {
  add(record: SweepReplyRecord): void;
  /** Waits while more is unwritten than is good to keep. */
  relieve(): Promise<void>;
  /** Writes everything. */
  settle(): Promise<void>;
  /** What is written so far, in the unit that `resumeAt` takes: bytes, or files. */
  readonly length: number;
  close(): Promise<void>;
}

const compress = promisify(gzip);
/** Characters of a chunk: long enough to compress well. */
const CHUNK = 2 ** 20;
/** Chunks that may wait to be written. */
const WAITING_MAX = 8;
const ROWS_OF_PART = 200_000;

/**
 * Opens an output by its ending: `.jsonl`, `.jsonl.gz` or `.parquet`.
 *
 * @param resumeAt its length at the checkpoint: what is behind goes; undefined to start anew
 * @throws {RangeError} for another ending; errors of the file system as they are
 */
export async function openSweepOutput(name: string, resumeAt?: number): Promise<SweepOutput> {
  if (name.endsWith('.parquet')) return openParts(name, resumeAt ?? 0);
  const isCompressed = name.endsWith('.jsonl.gz');
  if (!isCompressed && !name.endsWith('.jsonl')) {
    throw new RangeError(`${name} must end in .jsonl, .jsonl.gz or .parquet`);
  }
  const file = await open(name, resumeAt === undefined ? 'w' : 'r+');
  await file.truncate(resumeAt ?? 0);
  return new LineOutput(new FileTarget(file, resumeAt ?? 0), { isCompressed });
}

/** Takes chunks in order. */
export interface ChunkTarget {
  write(chunk: Uint8Array): Promise<void>;
  readonly length: number;
  close(): Promise<void>;
}

class FileTarget implements ChunkTarget {
  readonly #file: FileHandle;
  length: number;

  constructor(file: FileHandle, length: number) {
    this.#file = file;
    this.length = length;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      const rest = chunk.length - from;
      const { bytesWritten } = await this.#file.write(chunk, from, rest, this.length);
      from += bytesWritten;
      this.length += bytesWritten;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** One JSON object a line. */
export class LineOutput implements SweepOutput {
  readonly #target: ChunkTarget;
  readonly #isCompressed: boolean;
  #text = '';
  #waiting = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(target: ChunkTarget, { isCompressed }: { readonly isCompressed: boolean }) {
    this.#target = target;
    this.#isCompressed = isCompressed;
  }

  get length(): number {
    return this.#target.length;
  }

  add(record: SweepReplyRecord): void {
    this.#text += lineOf(record);
    if (this.#text.length >= CHUNK) this.#pass();
  }

  async relieve(): Promise<void> {
    if (this.#waiting >= WAITING_MAX) await this.#written;
  }

  async settle(): Promise<void> {
    if (this.#text !== '') this.#pass();
    await this.#written;
  }

  async close(): Promise<void> {
    await this.#target.close();
  }

  /** Chunks are compressed and written one after the other, in other threads. */
  #pass(): void {
    const chunk = Buffer.from(this.#text);
    this.#text = '';
    this.#waiting++;
    const write = async (): Promise<void> => {
      const level = { level: constants.Z_BEST_SPEED };
      await this.#target.write(this.#isCompressed ? await compress(chunk, level) : chunk);
      this.#waiting--;
    };
    this.#written = this.#written.then(write);
    this.#written.catch(() => {}); // told to whoever waits next
  }
}

/** By hand: `JSON.stringify` takes several times as long, and addresses need no escapes. */
function lineOf(record: SweepReplyRecord): string {
  const { target, flow, ttl, from, kind, code, rttMs, rttExact, replyTtl, quotedTtl, mpls, atMs } =
    record;
  return (
    `{"type":"reply","target":"${target}","flow":${flow},"ttl":${ttl},"from":"${from}",` +
    `"kind":"${kind}","code":${code},"rttMs":${rttMs},"rttExact":${rttExact},` +
    `"replyTtl":${replyTtl},"quotedTtl":${quotedTtl},"mpls":[${mpls.join(',')}],"atMs":${atMs}}\n`
  );
}

/** The folder, with the first `parts` files of it and no others. */
async function openParts(folder: string, parts: number): Promise<SweepOutput> {
  makeFolder(folder);
  for (const name of await readdir(folder)) {
    const number = /^part-(\d{6})\.parquet(\.tmp)?$/.exec(name)?.[1];
    const isOurs = number !== undefined;
    if (isOurs && (Number(number) > parts || name.endsWith('.tmp')))
      await rm(path.join(folder, name));
  }
  const { parquetWriteBuffer } = await import('hyparquet-writer'); // while it can be read
  return new PartOutput(folder, parts, parquetWriteBuffer);
}

type ParquetWriter = typeof ParquetWriterModule.parquetWriteBuffer;

/** Rows gather in memory until they fill a file. */
class PartOutput implements SweepOutput {
  readonly #folder: string;
  readonly #writer: ParquetWriter;
  #rows: SweepReplyRecord[] = [];
  #written: Promise<void> = Promise.resolve();
  #isWaiting = false;
  length: number;

  constructor(folder: string, parts: number, writer: ParquetWriter) {
    this.#folder = folder;
    this.#writer = writer;
    this.length = parts;
  }

  add(record: SweepReplyRecord): void {
    this.#rows.push(record);
    if (this.#rows.length >= ROWS_OF_PART) this.#pass();
  }

  async relieve(): Promise<void> {
    if (this.#isWaiting) await this.#written;
  }

  async settle(): Promise<void> {
    if (this.#rows.length > 0) this.#pass();
    await this.#written;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #pass(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#isWaiting = true;
    const write = async (): Promise<void> => {
      const name = `part-${String(this.length + 1).padStart(6, '0')}.parquet`;
      await writePart(this.#writer, path.join(this.#folder, name), rows);
      this.length++;
      this.#isWaiting = false;
    };
    this.#written = this.#written.then(write);
    this.#written.catch(() => {}); // told to whoever waits next
  }
}

/** Under another name until it is whole. */
async function writePart(
  parquetWriteBuffer: ParquetWriter,
  name: string,
  rows: readonly SweepReplyRecord[],
): Promise<void> {
  const required = { nullable: false } as const;
  const content = parquetWriteBuffer({
    columnData: [
      { ...required, name: 'target', type: 'STRING', data: rows.map(({ target }) => target) },
      { ...required, name: 'flow', type: 'INT32', data: rows.map(({ flow }) => flow) },
      { ...required, name: 'ttl', type: 'INT32', data: rows.map(({ ttl }) => ttl) },
      { ...required, name: 'from', type: 'STRING', data: rows.map(({ from }) => from) },
      { ...required, name: 'kind', type: 'STRING', data: rows.map(({ kind }) => kind) },
      { ...required, name: 'code', type: 'INT32', data: rows.map(({ code }) => code) },
      { ...required, name: 'rttMs', type: 'DOUBLE', data: rows.map(({ rttMs }) => rttMs) },
      { ...required, name: 'rttExact', type: 'BOOLEAN', data: rows.map((row) => row.rttExact) },
      { ...required, name: 'replyTtl', type: 'INT32', data: rows.map((row) => row.replyTtl) },
      { name: 'quotedTtl', type: 'INT32', data: rows.map(({ quotedTtl }) => quotedTtl) },
      { ...required, name: 'mpls', type: 'STRING', data: rows.map(({ mpls }) => mpls.join(' ')) },
      { ...required, name: 'atMs', type: 'DOUBLE', data: rows.map(({ atMs }) => atMs) },
    ],
    rowGroupSize: ROWS_OF_PART,
  });
  await writeFile(`${name}.tmp`, new Uint8Array(content));
  await rename(`${name}.tmp`, name);
}
