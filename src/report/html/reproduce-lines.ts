/** Commands that send the flows of a record again: some that hit the fault, some that miss it. */

import type { FiveTuple } from '../../model/isolate-record.ts';

/** One shell command for a flow. */
export function reproduceLine(flow: FiveTuple): string {
  const { source, sourcePort, destination, port } = flow;
  return `nc -vz -w 3 -s ${source} -p ${sourcePort} ${destination} ${port}`;
}

/** A capture that shows all of these flows; empty where there are none. */
export function captureLine(flows: readonly FiveTuple[]): string {
  const [first] = flows;
  if (first === undefined) return '';
  const ports = [...new Set(flows.map(({ sourcePort }) => `port ${sourcePort}`))].join(' or ');
  return `tcpdump -ni any 'host ${first.destination} and (${ports})'`;
}
