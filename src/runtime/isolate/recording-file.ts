/**
 * Recordings as files: one JSON object a line, start first and end last, compressed where the name
 * ends in `.gz`. A recording without its last line is refused: it is not known what is missing.
 */

import { createWriteStream, ftruncateSync } from 'node:fs';
import { createGzip } from 'node:zlib';
import { isJsonObject } from '../../lib/json-object.ts';
import { keptPrintable } from '../../lib/printable.ts';
import type { RecordingEnd, RecordingEvent, RecordingStart } from './recording.ts';
import { RECORDING_SCHEMA, RecordingError } from './recording.ts';
import type { RecordingCursor } from './replayed-network.ts';

const CHUNK_CHARACTERS = 65_536;
const NEWLINE = 0x0a;

/** Appends lines to an open file while a run goes on; a failure is told by `finish`. */
export class RecordingWriter {
  readonly #stream: NodeJS.WritableStream;
  readonly #isOver: Promise<void>;
  #failure: Error | undefined;
  #pending = '';

  /**
   * @param fd open for writing; what was in the file is cut off, and the writer closes it
   * @param isCompressed whether to write gzip
   */
  constructor(fd: number, { isCompressed }: { isCompressed: boolean }) {
    cutOff(fd);
    const file = createWriteStream('', { fd });
    const gzip = isCompressed ? createGzip() : undefined;
    gzip?.pipe(file);
    this.#stream = gzip ?? file;
    this.#isOver = new Promise((resolve) => {
      file.on('error', (error) => {
        this.#failure = error;
      });
      file.on('close', resolve);
    });
  }

  write(line: RecordingStart | RecordingEvent | RecordingEnd): void {
    this.#pending += `${JSON.stringify(line)}\n`;
    if (this.#pending.length >= CHUNK_CHARACTERS) this.#flush();
  }

  /** Writes the last line, and resolves when all is on its way to the disk. @throws what failed */
  async finish(end: RecordingEnd): Promise<void> {
    this.write(end);
    this.#flush();
    if (this.#failure === undefined) this.#stream.end();
    await this.#isOver;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #flush(): void {
    // A stream that failed takes no more, and says so by an error of its own.
    if (this.#failure === undefined) this.#stream.write(this.#pending);
    this.#pending = '';
  }
}

/** A recording that has a beginning and an end, and whose events are read as they are asked for. */
export interface Recording {
  readonly start: RecordingStart;
  readonly end: RecordingEnd;
  readonly cursor: RecordingCursor;
}

/**
 * Reads a recording.
 *
 * @param text of the whole file, unpacked
 * @param path as messages name the file
 * @throws {RecordingError} when it is none, is of another schema or lacks its end
 */
export function parseRecording(text: Buffer, path: string): Recording {
  const lines = new Lines(text, path);
  const start = lines.next();
  if (!isJsonObject(start) || start['type'] !== 'start' || typeof start['schema'] !== 'string') {
    throw new RecordingError('RECORDING_INVALID', `${path} is no recording of fantrace`);
  }
  if (start['schema'] !== RECORDING_SCHEMA) {
    const found = JSON.stringify(start['schema']);
    const message = `${path} is a recording of schema ${found}, and this reads ${RECORDING_SCHEMA}`;
    throw new RecordingError('RECORDING_INVALID', message);
  }
  const end = lastLine(text, path);
  if (!hasStartFields(start) || !hasEndFields(end)) {
    const message = `the recording ${path} is damaged: its first or last line lacks something`;
    throw new RecordingError('RECORDING_INVALID', message);
  }
  return {
    start: withSafeTexts(start) as unknown as RecordingStart,
    end: withSafeTexts(end) as unknown as RecordingEnd,
    cursor: new LineCursor(lines),
  };
}

/** Who wrote a recording may mean harm: no text of it reaches a terminal as it is. */
function withSafeTexts(value: unknown): unknown {
  if (typeof value === 'string') return keptPrintable(value);
  if (Array.isArray(value)) return value.map(withSafeTexts);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, each]) => [
    keptPrintable(key),
    withSafeTexts(each),
  ]);
  return Object.fromEntries(entries);
}

/** The lines of a text, parsed when they are asked for. */
class Lines {
  readonly #text: Buffer;
  readonly #path: string;
  #at = 0;
  #number = 0;

  constructor(text: Buffer, path: string) {
    this.#text = text;
    this.#path = path;
  }

  /** undefined behind the last line. */
  next(): unknown {
    if (this.#at >= this.#text.length) return undefined;
    const newline = this.#text.indexOf(NEWLINE, this.#at);
    const end = newline < 0 ? this.#text.length : newline;
    const line = this.#text.toString('utf8', this.#at, end);
    this.#at = end + 1;
    this.#number++;
    try {
      return JSON.parse(line);
    } catch {
      if (this.#number === 1) {
        const message = `${this.#path} is no recording of fantrace`;
        throw new RecordingError('RECORDING_INVALID', message);
      }
      const message = `the recording ${this.#path} is damaged: line ${this.#number} is not JSON`;
      throw new RecordingError('RECORDING_INVALID', message);
    }
  }
}

class LineCursor implements RecordingCursor {
  readonly #lines: Lines;
  #next: RecordingEvent | undefined;
  #isRead = false;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  peek(): RecordingEvent | undefined {
    if (!this.#isRead) {
      const line = this.#lines.next();
      this.#next =
        isJsonObject(line) && line['type'] !== 'end' ? (line as RecordingEvent) : undefined;
      this.#isRead = true;
    }
    return this.#next;
  }

  skip(): void {
    this.#isRead = false;
  }
}

function lastLine(text: Buffer, path: string): Record<string, unknown> {
  if (text.at(-1) !== NEWLINE) throw truncated(path);
  const before = text.lastIndexOf(NEWLINE, text.length - 2);
  let line: unknown;
  try {
    line = JSON.parse(text.toString('utf8', before + 1));
  } catch {
    throw truncated(path);
  }
  if (!isJsonObject(line) || line['type'] !== 'end') throw truncated(path);
  return line;
}

function truncated(path: string): RecordingError {
  const why = 'its end is missing, as when the disk was full or the run was killed';
  return new RecordingError('RECORDING_TRUNCATED', `the recording ${path} is truncated: ${why}`);
}

function hasStartFields({ options, network }: Record<string, unknown>): boolean {
  if (!isJsonObject(options) || !isJsonObject(network) || !isJsonObject(network['outbox']))
    return false;
  const { slots, slotBytes } = network['outbox'];
  const isNumbers = (value: unknown): boolean =>
    Array.isArray(value) && value.every((each) => Number.isInteger(each));
  const isTexts = (value: unknown): boolean =>
    Array.isArray(value) && value.every((each) => typeof each === 'string');
  return (
    isSize(slots) &&
    isSize(slotBytes) &&
    ['sourcePorts', 'skippedPorts', 'tokenKey'].every((key) => isNumbers(network[key])) &&
    ['destinations', 'ownAddresses', 'notes'].every((key) => isTexts(network[key]))
  );
}

function isSize(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 65_536;
}

function hasEndFields(end: Record<string, unknown>): boolean {
  const areNumbers = ['loopDelayP99Ms', 'loopDelayMaxMs'].every(
    (key) => typeof end[key] === 'number',
  );
  const areMaps = ['names', 'origins'].every((key) => isJsonObject(end[key]));
  return typeof end['startedAt'] === 'string' && areNumbers && areMaps;
}

/** Only files have a length; devices and pipes are written as they are. */
function cutOff(fd: number): void {
  try {
    ftruncateSync(fd);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
  }
}
