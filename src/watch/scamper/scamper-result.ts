/** What scamper printed, taken as a result only where it is a whole one, and of this client. */

import { formatIpAddress } from '../../lib/ip-address.ts';
import { parseUnmapped } from '../connection.ts';
import { TraceFailure, type TraceResult } from '../tracer.ts';
import { parseScamperLines, ScamperFileError, type ScamperKind } from './scamper-file.ts';

export interface ResultContext {
  readonly tracer: 'scamper' | 'scamper-daemon';
  readonly kind: ScamperKind;
  readonly uuid: string;
  /** Where the trace was to go. */
  readonly address: string;
}

/** @throws {TraceFailure} `garbage` for anything but three lines of a trace to that address */
export function completeResult(
  text: string,
  { tracer, kind, uuid, address }: ResultContext,
): TraceResult {
  const { cycleStart, result } = linesOf(text, kind);
  const target = parseUnmapped(result.dst);
  if (target === undefined || formatIpAddress(target) !== address) {
    throw new TraceFailure('garbage', `a trace to ${address} came back as one to ${result.dst}`);
  }
  if ('probec' in result && result.probec === 0) {
    throw new TraceFailure('garbage', `scamper sent no probe to ${address}`);
  }
  const { start_time: startSeconds, hostname } = cycleStart;
  return { tracer, kind, text, uuid, hostname, startedAtMs: startSeconds * 1000 };
}

function linesOf(text: string, kind: ScamperKind) {
  try {
    return parseScamperLines(text, kind);
  } catch (cause) {
    if (!(cause instanceof ScamperFileError)) throw cause;
    throw new TraceFailure('garbage', `scamper's output: ${cause.message}`, { cause });
  }
}
