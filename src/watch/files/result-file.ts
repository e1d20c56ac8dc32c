/**
 * Name and content of a result file, as traceroute-caller has had them since v0.11: the name tells
 * when the trace began, also where the result is shared, and whose it is.
 */

import type { FileRequest, ResultFile } from '../recorded-traces.ts';
import type { TraceResult } from '../tracer.ts';
import { metaline } from './metaline.ts';

/** The file of one connection: a metadata line and scamper's three lines. */
export function scamperFile(
  result: TraceResult,
  { uuid, isCached }: FileRequest,
  version: string,
): ResultFile {
  const head = metaline({ uuid, version, cachedUuid: isCached ? result.uuid : null });
  return {
    path: `${datePath(result.startedAtMs)}/${timestamp(result.startedAtMs)}_${uuid}.jsonl`,
    content: head + result.text,
    shared: result.text,
  };
}

/** `YYYY/MM/DD`, UTC. */
export function datePath(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '/');
}

/** `YYYYMMDDTHHMMSSZ`, UTC. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
