/**
 * What a result becomes before it is stored, given to others, and written: its client hidden where
 * that is asked for, its keys as whoever reads it knows them.
 */

import { withGaplint } from '../gaplint.ts';
import { goLines, parseScamperLines, type ScamperLines } from '../scamper/scamper-file.ts';
import { TraceFailure, type TraceResult } from '../tracer.ts';
import { anonymised } from './anonymise.ts';

/**
 * - `all`: every key of scamper's, and `gaplint` beside `gaplimit`
 * - `go`: to the byte what traceroute-caller has written since v0.11, which lacks some
 * - `scamper`: scamper's own bytes, as before
 */
export type ResultKeys = 'all' | 'go' | 'scamper';

export interface Refinement {
  readonly keys: ResultKeys;
  readonly isAnonymised: boolean;
  /** Whether an address is this host's own, which is not hidden. */
  readonly isOwn: (address: string) => boolean;
  /** Told the lines of each result as they will be written. */
  readonly onLines?: (lines: ScamperLines, result: TraceResult) => void;
}

/** @throws {TraceFailure} for a result of paris-traceroute that is to be anonymised */
export function refinedResult(result: TraceResult, refinement: Refinement): TraceResult {
  const { kind } = result;
  const { keys, isAnonymised, isOwn, onLines } = refinement;
  if (kind === 'paris') {
    if (!isAnonymised) return result;
    throw new TraceFailure('garbage', 'results of paris-traceroute cannot be anonymised');
  }
  const shown = isAnonymised ? withoutClient(result.text, isOwn) : result.text;
  const lines = parseScamperLines(shown, kind);
  onLines?.(lines, result);
  return { ...result, text: textFor(keys, shown, lines) };
}

function textFor(keys: ResultKeys, shown: string, lines: ScamperLines): string {
  if (keys === 'go') return goLines(lines);
  return keys === 'all' ? withGaplint(shown) : shown;
}

function withoutClient(text: string, isOwn: (address: string) => boolean): string {
  const [start = '', result = '', ...rest] = text.split('\n');
  const line = anonymised(JSON.parse(result), isOwn);
  return [start, JSON.stringify(line), ...rest].join('\n');
}
