/** The formats that are read, and how each is told from the others: by content, never by name. */

import { isJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { readAtlasJson } from './atlas-json.ts';
import { isCapture } from './capture-file.ts';
import { readCaptureTraces } from './capture-traces.ts';
import type { TraceFormat } from './format-names.ts';
import { at, documentsIn, type TextDocument } from './json-documents.ts';
import { readMtrJson } from './mtr-json.ts';
import { readScamperJson } from './scamper-json.ts';
import { type SeenFile, TraceFileError } from './seen-traces.ts';
import type { TraceInput } from './trace-input.ts';
import { isWarts, readWarts } from './warts.ts';

type JsonFormat = Exclude<TraceFormat, 'recording' | 'capture' | 'warts'>;

/** What of a file is looked at to tell its format. */
const HEAD_BYTES = 65_536;
/** V8 has no longer texts. */
const TEXT_BYTES_MAX = 2 ** 29 - 32;

/** Whether it is a recording of `isolate --record`, whole or not. */
export function isRecording({ bytes }: TraceInput): boolean {
  return /^\s*\{[^\n]*"schema":"fantrace\.recording\//.test(headOf(bytes));
}

/**
 * The traces in a file that is no recording.
 *
 * @param forced the format, where it is not to be told from the content
 * @throws {TraceFileError} which names the file
 */
export function tracesIn(
  input: TraceInput,
  forced?: Exclude<TraceFormat, 'recording'>,
): { readonly format: TraceFormat; readonly file: SeenFile } {
  try {
    if (input.isCut) {
      throw new TraceFileError('its compressed data end too early: copy or write it anew');
    }
    if (forced === 'capture' || (forced === undefined && isCapture(input.bytes))) {
      return { format: 'capture', file: readCaptureTraces(input.bytes) };
    }
    if (forced === 'warts' || (forced === undefined && isWarts(input.bytes))) {
      return { format: 'warts', file: readWarts(input.bytes) };
    }
    const documents = documentsOf(input);
    const format = forced ?? jsonFormatOf(documents);
    return { format, file: JSON_READERS[format](documents) };
  } catch (error) {
    throw named(error, input.name);
  }
}

const JSON_READERS: Readonly<Record<JsonFormat, (documents: readonly TextDocument[]) => SeenFile>> =
  {
    scamper: readScamperJson,
    atlas: readAtlasJson,
    mtr: (documents) =>
      joined(documents.map(({ value, where }) => at(where, () => readMtrJson(value)))),
  };

function documentsOf({ bytes }: TraceInput): TextDocument[] {
  if (bytes.length === 0) throw unknown('it is empty');
  if (bytes.length > TEXT_BYTES_MAX) throw new TraceFileError('text above 512 MiB is not read');
  if (!/^\uFEFF?\s*[[{]/.test(headOf(bytes))) throw unknown('it begins like none');
  return documentsIn(bytes.toString('utf8'));
}

/** Files begin with what tells their format, or with what surrounds it. */
function jsonFormatOf(documents: readonly TextDocument[]): JsonFormat {
  for (const { value } of documents) {
    if (!isJsonObject(value)) continue;
    const format = jsonFormatOfOne(value);
    if (format !== undefined) return format;
  }
  throw unknown('no document in it is of one');
}

function jsonFormatOfOne(value: JsonObject): JsonFormat | undefined {
  const { type, report } = value;
  if (isJsonObject(report) && isJsonObject(report['mtr'])) return 'mtr';
  if (isJsonObject(value['Trace']) || 'TracerouteCallerVersion' in value) return 'scamper';
  if ('msm_id' in value || ('prb_id' in value && 'result' in value)) return 'atlas';
  const isTask = typeof type === 'string' && SCAMPER_TYPES.has(type);
  return isTask ? 'scamper' : undefined;
}

const SCAMPER_TYPES = new Set(['cycle-start', 'cycle-stop', 'trace', 'tracelb', 'ping']);

function joined(files: readonly SeenFile[]): SeenFile {
  return {
    traces: files.flatMap(({ traces }) => traces),
    notes: [...new Set(files.flatMap(({ notes }) => notes))],
  };
}

function headOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, HEAD_BYTES);
}

function unknown(why: string): TraceFileError {
  const formats =
    'a recording of isolate --record, pcap or pcapng, warts, or JSON of scamper, RIPE Atlas or mtr';
  return new TraceFileError(`it has no known format: ${why} (${formats})`, 'FORMAT_UNKNOWN');
}

/** The error with the file, whatever was wrong in it. */
function named(error: unknown, name: string): unknown {
  if (error instanceof TraceFileError) {
    return new TraceFileError(`${name}: ${error.message}`, error.code);
  }
  // Of recursion into what nests without end.
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    return new TraceFileError(`${name}: it is damaged: it nests too deeply`);
  }
  return error;
}
