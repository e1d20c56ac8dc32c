/**
 * Reads files of paths: what `fantrace paths` writes with `--json` or `--jsonl`, and what scamper
 * writes of a tracelb. Files come from anywhere: every value is looked at before it is believed.
 */

import { readFileSync } from 'node:fs';
import { type PathSet, pathSetOf } from '../algorithms/path-diff/path-set.ts';
import { printable } from '../lib/printable.ts';
import type { PathsRecord, PathsStopReason } from '../model/paths-record.ts';
import { isRecord, isRecordList, isTextList, type Json } from './json-checks.ts';
import { tracelbPathSet } from './tracelb-path-set.ts';

/** A file that cannot be compared. */
export class PathSetFileError extends Error {
  override readonly name = 'PathSetFileError';
  /** `FILE_UNREADABLE`, `FILE_INVALID` or `FILES_DIFFER`. */
  readonly code: string;

  constructor(code: string, message: string) {
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
  const found = documents.filter((each) => isPathsRecord(each) || each['type'] === 'tracelb');
  const [document, ...others] = found;
  if (document === undefined) throw invalid(file, whatItIs(documents));
  if (others.length > 0)
    throw invalid(file, `it has ${found.length} measurements, and one is compared`);
  if (isPathsRecord(document)) return { ...ofRecord(document, file), file };
  const read = tracelbPathSet(document);
  if (read === undefined) throw invalid(file, 'its tracelb is damaged');
  return { ...read, file };
}

function ofRecord(document: Json, file: string): Omit<PathSetFile, 'file'> {
  if (!hasFields(document))
    throw invalid(file, 'it is damaged: keys are missing or of another type');
  const record = document as unknown as PathsRecord;
  const { target, startedAt, source, protocol, flowField, stopReason } = record;
  const known = { startedAt, source, protocol, flowField, stopReason } as const;
  return { ...known, target: target.address, set: pathSetOf(withRoundTrips(record)) };
}

/** Those of older versions do not list them. */
function withRoundTrips(record: PathsRecord): PathsRecord {
  const hops = record.hops.map(({ ttl, places }) => ({
    ttl,
    places: places.map((place) => ({ ...place, roundTripsMs: place.roundTripsMs ?? [] })),
  }));
  return { ...record, hops };
}

function textOf(path: string, file: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, '') : 'unknown';
    throw new PathSetFileError('FILE_UNREADABLE', `${file} cannot be read: ${reason}`);
  }
}

/** One document, or one a line. */
function documentsIn(text: string, file: string): Json[] {
  try {
    const whole: unknown = JSON.parse(text);
    return isRecord(whole) ? [whole] : [];
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.flatMap((line, i) => {
      try {
        const each: unknown = JSON.parse(line);
        return isRecord(each) ? [each] : [];
      } catch {
        throw invalid(file, `line ${i + 1} is not JSON`);
      }
    });
  }
}

function isPathsRecord({ schema }: Json): boolean {
  return schema === 'fantrace.paths/1';
}

function whatItIs(documents: readonly Json[]): string {
  const schema = documents.map((each) => each['schema']).find((each) => typeof each === 'string');
  const expected = 'expected what fantrace paths --json writes, or a tracelb of scamper -O json';
  return schema === undefined ? expected : `it is ${printable(String(schema))}; ${expected}`;
}

function hasFields({ target, hops, flows, ...texts }: Json): boolean {
  const named = ['startedAt', 'source', 'protocol', 'flowField', 'stopReason'];
  return (
    named.every((key) => typeof texts[key] === 'string') &&
    isRecord(target) &&
    typeof target['address'] === 'string' &&
    isRecordList(hops) &&
    hops.every(({ places }) => isRecordList(places) && places.every(isPlace)) &&
    isRecordList(flows) &&
    flows.every(({ path }) => Array.isArray(path) && path.every(isIdOrNull))
  );
}

const KINDS: readonly unknown[] = ['source', 'interface', 'silent', 'clump'];
const ENDS: readonly unknown[] = ['target', 'refused', 'loop', 'silent', null];

function isPlace({ id, kind, ttl, addresses, end, roundTripsMs = [] }: Json): boolean {
  return (
    typeof id === 'string' &&
    KINDS.includes(kind) &&
    ENDS.includes(end) &&
    Number.isInteger(ttl) &&
    isRecordList(addresses) &&
    isTextList(addresses.map(({ address }) => address)) &&
    Array.isArray(roundTripsMs) &&
    roundTripsMs.every((each) => Number.isFinite(each))
  );
}

function isIdOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function invalid(file: string, why: string): PathSetFileError {
  return new PathSetFileError('FILE_INVALID', `${file} has no paths to compare: ${why}`);
}
