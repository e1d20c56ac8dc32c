/**
 * Reads files of paths: what `fantrace paths` writes with `--json` or `--jsonl`, and what scamper
 * writes of a tracelb. Files come from anywhere: every value is looked at before it is believed.
 */

import { readFileSync } from 'node:fs';
import { type PathSet, pathSetOf } from '../../algorithms/path-diff/path-set.ts';
import { isJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { printable } from '../../lib/printable.ts';
import { fileReasonOf } from '../../lib/reason.ts';
import type { PathsStopReason } from '../../model/paths-record.ts';
import { isPathsDocument, readPathsDocument } from './paths-document.ts';
import { tracelbPathSet } from './tracelb-path-set.ts';

/** A file that cannot be compared. */
export class PathSetFileError extends Error {
  override readonly name = 'PathSetFileError';
  readonly code: 'FILE_UNREADABLE' | 'FILE_INVALID' | 'FILES_DIFFER';

  constructor(code: PathSetFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface PathSetFile {
  readonly file: string;
  readonly target: string;
  readonly startedAt: string;
  readonly source: string;
  readonly protocol: string;
  readonly flowField: string;
  /** Null where the file does not tell. */
  readonly stopReason: PathsStopReason | null;
  readonly set: PathSet;
}

/**
 * Reads one.
 *
 * @param path `-` for the standard input
 * @throws {PathSetFileError} when it cannot be read, or is none
 */
export function readPathSet(path: string): PathSetFile {
  const file = printable(path);
  const documents = documentsIn(textOf(path, file), file);
  const found = documents.filter((each) => isPathsDocument(each) || each['type'] === 'tracelb');
  const [document, ...others] = found;
  if (document === undefined) throw invalid(file, whatItIs(documents));
  if (others.length > 0)
    throw invalid(file, `it has ${found.length} measurements, and one is compared`);
  return isPathsDocument(document) ? ofRecord(document, file) : ofTracelb(document, file);
}

function ofRecord(document: JsonObject, file: string): PathSetFile {
  const record = readPathsDocument(document);
  if ('flaw' in record) throw invalid(file, record.flaw);
  const { target, startedAt, source, protocol, flowField, stopReason } = record;
  const known = { file, startedAt, source, protocol, flowField, stopReason } as const;
  return { ...known, target: target.address, set: pathSetOf(record) };
}

function ofTracelb(document: JsonObject, file: string): PathSetFile {
  const read = tracelbPathSet(document);
  if ('flaw' in read) throw invalid(file, read.flaw);
  return { ...read, file };
}

function textOf(path: string, file: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new PathSetFileError('FILE_UNREADABLE', `${file} cannot be read: ${fileReasonOf(error)}`);
  }
}

/** One document, or one a line. */
function documentsIn(text: string, file: string): JsonObject[] {
  try {
    const whole: unknown = JSON.parse(text);
    return isJsonObject(whole) ? [whole] : [];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.flatMap((line, i) => {
      try {
        const each: unknown = JSON.parse(line);
        return isJsonObject(each) ? [each] : [];
      } catch {
        throw invalid(file, `line ${i + 1} is not JSON`);
      }
    });
  }
}

function whatItIs(documents: readonly JsonObject[]): string {
  const schema = documents.map((each) => each['schema']).find((each) => typeof each === 'string');
  const expected = 'expected what fantrace paths --json writes, or a tracelb of scamper -O json';
  return schema === undefined ? expected : `it is ${printable(String(schema))}; ${expected}`;
}

function invalid(file: string, why: string): PathSetFileError {
  return new PathSetFileError('FILE_INVALID', `${file} has no paths to compare: ${why}`);
}
