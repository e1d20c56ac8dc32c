/** Names and contents of result files as versions of traceroute-caller have had them. */

import type { FileRequest, ResultFile } from '../recorded-traces.ts';
import { goObject, parseScamperFile } from '../scamper/scamper-file.ts';
import type { TraceResult } from '../tracer.ts';
import { metaline } from './metaline.ts';
import { datePath, scamperFile, timestamp } from './result-file.ts';

export interface AncestorFileOptions {
  /** `TracerouteCallerVersion`. */
  readonly version: string;
  /** `json` puts a trace over one path into a single object. */
  readonly format: 'jsonl' | 'json';
  /**
   * When a file says that it was written where its result is shared: `trace` names the time of the
   * trace, as since v0.11, `request` that of the connection, as before.
   */
  readonly sharedTime: 'trace' | 'request';
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The file of one connection. */
export function ancestorFile(
  result: TraceResult,
  request: FileRequest,
  options: AncestorFileOptions,
): ResultFile {
  const { format, sharedTime, version, nowMs } = options;
  const isNow = request.isCached && sharedTime === 'request';
  const timed = isNow ? { ...result, startedAtMs: nowMs() } : result;
  if (result.kind === 'paris') return parisFile(timed, request);
  if (format === 'jsonl') return scamperFile(timed, request, version);
  const { path } = scamperFile(timed, request, version);
  const cachedUuid = request.isCached ? result.uuid : null;
  const head = metaline({ uuid: request.uuid, version, cachedUuid });
  const file = parseScamperFile(head + result.text, 'trace');
  if (file.kind !== 'trace') throw new TypeError('only traces over one path have this form');
  return { path: path.replace(/\.jsonl$/, '.json'), content: goObject(file) };
}

/** No metadata line; colons in the time, and a mark in the name of a copy. */
function parisFile(
  { startedAtMs, text }: TraceResult,
  { uuid, isCached }: FileRequest,
): ResultFile {
  const [day = '', clock = ''] = timestamp(startedAtMs).split('T');
  const time = `${day}T${clock.replace(/^(..)(..)/, '$1:$2:')}`;
  const ending = isCached ? '.cached.paris' : '.paris';
  return {
    path: `${datePath(startedAtMs)}/${time}-UUID-${uuid}${ending}`,
    content: text,
    shared: text,
  };
}
