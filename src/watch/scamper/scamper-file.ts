/**
 * The check that M-Lab's pipeline makes of a result file before it takes it, with its own words for
 * what is wrong; and the same values written the way it writes them.
 */

import { reasonOf } from '../../lib/reason.ts';
import { type GoShape, readGoJson, writeGoJson } from './go-json.ts';
import {
  CYCLE_START,
  CYCLE_STOP,
  type CycleStartLine,
  type CycleStopLine,
  METADATA,
  type MetadataLine,
  SINGLE_OBJECT,
  type SingleObject,
  TRACE,
  TRACELB,
  type TraceLine,
  type TracelbLine,
} from './scamper-shapes.ts';

/** What scamper's task was; M-Lab calls them `mda` and `regular`. */
export type ScamperKind = 'tracelb' | 'trace';

/** The three lines below the metadata line. */
export type ScamperLines = {
  readonly cycleStart: CycleStartLine;
  readonly cycleStop: CycleStopLine;
} & (
  | { readonly kind: 'tracelb'; readonly result: TracelbLine }
  | { readonly kind: 'trace'; readonly result: TraceLine }
);

/** A whole file. */
export type ScamperFile = ScamperLines & { readonly metadata: MetadataLine };

/** A file that the pipeline would refuse; the message begins with its reason. */
export class ScamperFileError extends Error {
  override readonly name = 'ScamperFileError';
}

/**
 * Reads a file by the pipeline's rules.
 *
 * @param kind what the file should be: it is not guessed there either
 * @throws {ScamperFileError} where it is refused
 */
export function parseScamperFile(text: string, kind: ScamperKind): ScamperFile {
  const single = kind === 'trace' ? singleObject(text) : undefined;
  if (single !== undefined) return single;
  const parts = text.split('\n');
  const [first = '', ...rest] = parts;
  if (parts.length !== 5 || parts.at(-1) !== '') throw refused('invalid traceroute file');
  const metadata = read<MetadataLine>(first, METADATA, 'invalid metadata');
  if (metadata.UUID === '') throw refused('invalid UUID', 'it is empty');
  return { metadata, ...linesOf(rest, kind) };
}

/**
 * Reads what scamper prints: three lines, each ending in a newline.
 *
 * @throws {ScamperFileError} for anything else
 */
export function parseScamperLines(text: string, kind: ScamperKind): ScamperLines {
  const parts = text.split('\n');
  if (parts.length !== 4 || parts.at(-1) !== '') throw refused('invalid traceroute file');
  return linesOf(parts, kind);
}

/** The lines below the metadata line as Go writes them, each ending in a newline. */
export function goLines({ cycleStart, result, cycleStop }: ScamperLines): string {
  return [cycleStart, result, cycleStop].map((line) => `${writeGoJson(line)}\n`).join('');
}

/** The file as one object and a newline; only single paths have this form. */
export function goObject(file: ScamperFile & { readonly kind: 'trace' }): string {
  const { metadata, cycleStart, result, cycleStop } = file;
  const object = {
    Metadata: metadata,
    CycleStart: cycleStart,
    Trace: result,
    CycleStop: cycleStop,
  };
  return `${writeGoJson(object)}\n`;
}

function linesOf(lines: readonly string[], kind: ScamperKind): ScamperLines {
  const [startText = '', resultText = '', stopText = ''] = lines;
  const cycleStart = read<CycleStartLine>(startText, CYCLE_START, 'invalid cycle-start');
  requireType(cycleStart.type, 'cycle-start', 'invalid cycle-start type');
  const middle = resultOf(resultText, kind);
  const cycleStop = read<CycleStopLine>(stopText, CYCLE_STOP, 'invalid cycle-stop');
  requireType(cycleStop.type, 'cycle-stop', 'invalid cycle-stop type');
  return { cycleStart, cycleStop, ...middle };
}

function resultOf(
  text: string,
  kind: ScamperKind,
): { kind: 'tracelb'; result: TracelbLine } | { kind: 'trace'; result: TraceLine } {
  if (kind === 'tracelb') {
    const result = read<TracelbLine>(text, TRACELB, 'invalid tracelb line');
    requireType(result.type, kind, 'invalid traceroute type');
    return { kind, result };
  }
  const result = read<TraceLine>(text, TRACE, 'invalid trace line');
  requireType(result.type, kind, 'invalid traceroute type');
  return { kind, result };
}

/** The whole text as one object with all its parts; undefined where it is none. */
function singleObject(text: string): ScamperFile | undefined {
  const [line = '', ending, ...more] = text.split('\n');
  if ((ending ?? '') !== '' || more.length > 0 || !line.startsWith('{"Metadata"')) return undefined;
  const object = read<SingleObject>(line, SINGLE_OBJECT, 'invalid traceroute file');
  const {
    Metadata: metadata,
    CycleStart: cycleStart,
    Trace: result,
    CycleStop: cycleStop,
  } = object;
  if (metadata.UUID === '') throw refused('invalid UUID', 'it is empty');
  requireType(cycleStart.type, 'cycle-start', 'invalid cycle-start type');
  requireType(result.type, 'trace', 'invalid traceroute type');
  requireType(cycleStop.type, 'cycle-stop', 'invalid cycle-stop type');
  return { kind: 'trace', metadata, cycleStart, result, cycleStop };
}

function read<Value>(text: string, shape: GoShape<Value>, reason: string): Value {
  try {
    return readGoJson(text, shape);
  } catch (error) {
    throw refused(reason, reasonOf(error));
  }
}

function requireType(type: string, wanted: string, reason: string): void {
  if (type !== wanted) throw refused(reason, JSON.stringify(type));
}

function refused(reason: string, detail?: string): ScamperFileError {
  return new ScamperFileError(detail === undefined ? reason : `${reason}: ${detail}`);
}
