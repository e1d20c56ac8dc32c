/** Many traces of one process in a lab, all at once: as many cases for the price of one. */

import { isReply, type TraceRecord, type TraceReply } from '../../src/model/trace-record.ts';
import type { TraceOptions } from '../../src/runtime/trace/trace-options.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import type { NamespaceLab } from './namespace-lab.ts';

const TRACED = new URL('./fixtures/traced.mjs', import.meta.url).pathname;

/**
 * Traces the target of a lab, up to TTL 8 unless told.
 *
 * @returns the records, in the order of the options
 */
export async function tracesAtOnce(
  lab: NamespaceLab,
  options: readonly TraceOptions[],
): Promise<TraceRecord[]> {
  const { family, target } = lab.plan;
  const all = options.map((each) => ({ names: false, maxTtl: 8, ...each }));
  const argv = [process.execPath, TRACED, target.address[family], JSON.stringify(all)];
  const { stdout, stderr } = await lab.exec(SOURCE, argv);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as TraceRecord[];
}

/** What came back from one TTL, silence left out. */
export function answersAt({ hops }: TraceRecord, ttl: number): TraceReply[] {
  return hops.find((hop) => hop.ttl === ttl)?.replies.filter(isReply) ?? [];
}
