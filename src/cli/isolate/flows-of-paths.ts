/** Source ports of a recorded search for paths, so that `isolate` probes along the same ways. */

import { isJsonObject } from '../../lib/json-object.ts';
import { isPathsDocument, readPathsDocument } from '../../runtime/paths/paths-document.ts';
import { CliError } from '../cli-error.ts';

/** What the flows must have in common with those of the search. */
export interface FlowTraffic {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly port: number;
}

/**
 * Of every flow that was seen all the way to the target; undefined for a text that is no record.
 *
 * @param where names the file in messages
 * @throws {CliError} FLOWS_INVALID where these flows would take other ways
 */
export function portsOfPaths(
  text: string,
  { protocol, port }: FlowTraffic,
  where: string,
): number[] | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const invalid = (why: string): CliError => new CliError('FLOWS_INVALID', `${where} ${why}`);
  const record = recordIn(text);
  if (record === undefined)
    throw invalid('is neither a list of source ports nor what paths --json writes');
  if ('flaw' in record) throw invalid(`is a damaged record of paths: ${record.flaw}`);
  if (record.flowField !== 'source-port') {
    throw invalid(`is of flows that differ in the ${record.flowField}, not in the source port`);
  }
  if (record.protocol !== protocol || record.target.port !== port) {
    const found = `--protocol ${record.protocol} --port ${record.target.port}`;
    throw invalid(`is of flows that take other ways with these flags: use ${found}`);
  }
  const whole = record.flows.filter(({ reached, path }) => reached && !path.includes(null));
  return whole.map(({ sourcePort }) => sourcePort);
}

function recordIn(text: string): ReturnType<typeof readPathsDocument> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && isPathsDocument(value) ? readPathsDocument(value) : undefined;
  } catch {
    return undefined;
  }
}
