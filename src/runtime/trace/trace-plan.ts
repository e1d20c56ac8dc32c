/** What a trace would send, and what that may cost at most; nothing is opened and nothing sent. */

import { Trace } from '../../algorithms/trace/trace.ts';
import { familyOf, formatIpAddress, type IpFamily } from '../../lib/ip-address.ts';
import { plannedEnds } from './planned-ends.ts';
import { flowBetween } from './trace-flow.ts';
import {
  type CompleteTraceOptions,
  completeTraceOptions,
  type TraceOptions,
} from './trace-options.ts';

/** A trace, before anything is sent; addresses as text. */
export interface PlannedTrace {
  readonly address: string;
  /** Null for ICMP. */
  readonly port: number | null;
  readonly source: string;
  readonly family: IpFamily;
  /** Of each probe, from the IP header on. */
  readonly packetBytes: number;
}

/** What all traces with the same options have in common. */
export interface TraceCourse {
  readonly options: CompleteTraceOptions;
  /** TTLs of the probes that leave at once, in their order. */
  readonly firstTtls: readonly number[];
  /** The most that one trace may send: every probe of every TTL lost, and all retries as well. */
  readonly probesMax: number;
}

/** The course of a trace, as the algorithm itself begins it. @throws {RangeError} */
export function planCourse(given: TraceOptions): TraceCourse {
  const options = completeTraceOptions(given);
  const { settings } = options;
  const firstTtls: number[] = [];
  new Trace(settings, { order: (ttl) => firstTtls.push(ttl) }, 0);
  const ttls = settings.maxTtl - settings.firstTtl + 1;
  return { options, firstTtls, probesMax: ttls * settings.queries * (1 + settings.retries) };
}

/**
 * Where the trace to one target would go.
 *
 * @throws as the trace itself: no such host, no route, an option that its family forbids
 */
export async function planTrace(
  target: string,
  given: TraceOptions,
  { options }: TraceCourse,
): Promise<PlannedTrace> {
  const ends = await plannedEnds(target, given);
  const { lengthBytes: packetBytes } = flowBetween(ends, given, options);
  return {
    address: formatIpAddress(ends.destination),
    port: options.port,
    source: formatIpAddress(ends.source),
    family: familyOf(ends.destination),
    packetBytes,
  };
}
