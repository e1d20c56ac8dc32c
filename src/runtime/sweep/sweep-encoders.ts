/**
 * Replies of a sweep as the bytes of files: JSON lines, the same compressed, or Parquet. Chunks are
 * whole by themselves: gzip members one after the other, or files.
 */

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type * as ParquetWriterModule from 'hyparquet-writer';
import type { SweepReplyRecord } from '../../model/sweep-record.ts';

/** What files of replies are, by their ending. */
export type SweepOutputKind = 'jsonl' | 'jsonl.gz' | 'parquet';

export interface SweepOutput {
  add(record: SweepReplyRecord): void;
  /** Undefined while little is unwritten; else when that is so again. */
  relief(): Promise<void> | undefined;
  /** Writes everything. */
  settle(): Promise<void>;
  /** What is written so far, in the unit that `resumeAt` takes: bytes, or files. */
  readonly length: number;
  /** What is not settled by then is lost. */
  close(): Promise<void>;
}

/** Takes chunks in order. */
export interface ChunkTarget {
  write(chunk: Uint8Array): Promise<void>;
  readonly length: number;
  /** Makes sure that a power cut leaves all of it; where there is none, nothing outlasts one. */
  sync?(): Promise<void>;
  close(): Promise<void>;
}

const compress = promisify(gzip);
/** Characters of a chunk: long enough to compress well. */
const CHUNK = 2 ** 20;
/** Chunks that may wait to be written. */
const WAITING_MAX = 8;
const ROWS_OF_PART = 200_000;

/** An output of that kind whose chunks go to `target`; all code that it needs is loaded by then. */
export async function encoderTo(kind: SweepOutputKind, target: ChunkTarget): Promise<SweepOutput> {
  if (kind !== 'parquet') return new LineOutput(target, { isCompressed: kind === 'jsonl.gz' });
  const { parquetWriteBuffer } = await import('hyparquet-writer'); // while it can be read
  return new PartOutput(target, parquetWriteBuffer);
}

/** Chunks that wait for the ones before them. */
class ChunkQueue {
  readonly target: ChunkTarget;
  readonly #waitingMax: number;
  #waiting = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(target: ChunkTarget, waitingMax: number) {
    this.target = target;
    this.#waitingMax = waitingMax;
  }

  /** @param make makes the chunk when it is its turn */
  push(make: () => Promise<Uint8Array> | Uint8Array): void {
    this.#waiting++;
    this.#written = this.#written.then(async () => {
      await this.target.write(await make());
      this.#waiting--;
    });
    this.#written.catch(() => {}); // told to whoever waits next
  }

  relief(): Promise<void> | undefined {
    return this.#waiting >= this.#waitingMax ? this.#written : undefined;
  }

  /** @throws the first error of the target, as `relief` does */
  async all(): Promise<void> {
    await this.#written;
    await this.target.sync?.();
  }
}

/** One JSON object a line. */
class LineOutput implements SweepOutput {
  readonly #queue: ChunkQueue;
  readonly #isCompressed: boolean;
  #text = '';

  constructor(target: ChunkTarget, { isCompressed }: { readonly isCompressed: boolean }) {
    this.#queue = new ChunkQueue(target, WAITING_MAX);
    this.#isCompressed = isCompressed;
  }

  get length(): number {
    return this.#queue.target.length;
  }

  add(record: SweepReplyRecord): void {
    this.#text += lineOf(record);
    if (this.#text.length >= CHUNK) this.#pass();
  }

  relief(): Promise<void> | undefined {
    return this.#queue.relief();
  }

  async settle(): Promise<void> {
    if (this.#text !== '') this.#pass();
    await this.#queue.all();
  }

  async close(): Promise<void> {
    await this.#queue.target.close();
  }

  /** Compressed and written in other threads. */
  #pass(): void {
    const chunk = Buffer.from(this.#text);
    this.#text = '';
    const level = { level: constants.Z_BEST_SPEED };
    this.#queue.push(() => (this.#isCompressed ? compress(chunk, level) : chunk));
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

type ParquetWriter = typeof ParquetWriterModule.parquetWriteBuffer;

/** Rows gather in memory until they fill a file. */
class PartOutput implements SweepOutput {
  readonly #queue: ChunkQueue;
  readonly #writer: ParquetWriter;
  #rows: SweepReplyRecord[] = [];

  constructor(target: ChunkTarget, writer: ParquetWriter) {
    this.#queue = new ChunkQueue(target, 1);
    this.#writer = writer;
  }

  get length(): number {
    return this.#queue.target.length;
  }

  add(record: SweepReplyRecord): void {
    this.#rows.push(record);
    if (this.#rows.length >= ROWS_OF_PART) this.#pass();
  }

  relief(): Promise<void> | undefined {
    return this.#queue.relief();
  }

  async settle(): Promise<void> {
    if (this.#rows.length > 0) this.#pass();
    await this.#queue.all();
  }

  async close(): Promise<void> {
    await this.#queue.target.close();
  }

  #pass(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#queue.push(() => partOf(this.#writer, rows));
  }
}

/** The content of a file. */
function partOf(parquetWriteBuffer: ParquetWriter, rows: readonly SweepReplyRecord[]): Uint8Array {
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
  return new Uint8Array(content);
}
