/**
 * Traceroute as a function: `await trace('example.com')`, or event by event. However many traces a
 * process runs at once, they share one engine and one set of sockets.
 */

import type { TraceProbe } from '../../algorithms/trace/trace-probes.ts';
import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import type { TraceRecord, TraceReply, TraceStar } from '../../model/trace-record.ts';
import type { Flow } from '../../probing/flow.ts';
import { type Measurement, MeasurementCall } from '../calls/measurement-call.ts';
import { onThread } from '../calls/measuring-thread.ts';
import { requireName } from '../calls/option-kinds.ts';
import { orAborted } from '../calls/or-aborted.ts';
import { resolveTarget } from '../calls/target.ts';
import type { AsLookup } from '../names/as-lookup.ts';
import { type AsSource, sharedAsLookup } from '../names/as-sources.ts';
import { ptrNames } from '../names/ptr-names.ts';
import { flowBetween, hostEnds } from './trace-flow.ts';
import {
  type CompleteTraceOptions,
  completeTraceOptions,
  type TraceOptions,
} from './trace-options.ts';
import {
  outcomeOf,
  type ReplyContext,
  traceRecordOf,
  wallClockFrom,
  withLookedUp,
} from './trace-record.ts';
import {
  leaseHostStation,
  leaseRawStation,
  type StationLease,
  type StationTraits,
} from './trace-stations.ts';

export type { TraceOptions } from './trace-options.ts';

/** What happens during a trace. */
export type TraceEvent =
  /** A probe has its outcome: an answer, or none in time. */
  | {
      readonly type: 'probe';
      readonly ttl: number;
      /** Counts the probes of its TTL from 0 up. */
      readonly probe: number;
      /** Names are looked up at the end: here they are null. */
      readonly outcome: TraceReply | TraceStar;
    }
  | { readonly type: 'end'; readonly record: TraceRecord };

/** A trace that runs. Leaving the loop over its events gives up its share of the sockets. */
export class TraceCall extends MeasurementCall<TraceRecord, TraceEvent> {
  constructor(target: string, options: TraceOptions) {
    const complete = completeTraceOptions(options);
    const here: Measurement<TraceRecord, TraceEvent> = (tell, signal) =>
      runTrace(target, { given: { ...options, signal }, options: complete }, tell);
    super(onThread({ kind: 'trace', target, options }, here), options.signal);
  }
}

/**
 * Starts one traceroute.
 *
 * @param target a name, an address, `[v6]`, or a link-local one with its zone; with `simulate` any
 *   name for the simulated target
 * @throws {RangeError} at once, when an option is out of range. The promise rejects with errors
 *   that have a `code`: no such host, no right to raw sockets, no route
 */
export function trace(target: string, options: TraceOptions = {}): TraceCall {
  requireName(target);
  return new TraceCall(target, options);
}

/** What a trace runs over. */
interface Route {
  readonly lease: StationLease;
  readonly flow: Flow;
}

async function runTrace(
  target: string,
  { given, options }: { readonly given: TraceOptions; readonly options: CompleteTraceOptions },
  tell: (event: () => TraceEvent) => void,
): Promise<TraceRecord> {
  given.signal?.throwIfAborted();
  const asSource = asSourceOf(given);
  const asLookup = asSource && (await sharedAsLookup(asSource));
  const { lease, flow } = await openRoute(target, given, options);
  try {
    const { station } = lease;
    const { timeline, addresses } = station.parts;
    const wallClock = wallClockFrom(new Date(), timeline.nowUs());
    const { rung } = station.parts;
    const family = familyOf(flow.destination);
    const context: ReplyContext = { addresses, family, rung, wallClock };
    const { payload: _, ...request } = flow;
    const finished = await station.run({
      flow: request,
      settings: options.settings,
      signal: given.signal,
      settled: ({ ttl, round, ...rest }: TraceProbe) => {
        tell(() => {
          const outcome = outcomeOf({ ttl, round, ...rest }, context);
          return { type: 'probe', ttl, probe: round, outcome };
        });
      },
    });
    const parts = { targetName: target, flow, options, finished, station: station.parts, context };
    const record = await completed(traceRecordOf(parts), given, asLookup);
    tell(() => ({ type: 'end', record }));
    return record;
  } finally {
    lease.release();
  }
}

/** Where to look autonomous systems up; undefined where nobody asked for them. */
export function asSourceOf(options: TraceOptions): AsSource | undefined {
  const { asDatabase: file, asDns, simulate } = options;
  if (file !== undefined) return { file };
  return asDns === true && simulate === undefined ? { dns: true } : undefined;
}

/** Looks up what is known of the addresses, unless there is no time for it. */
async function completed(
  record: TraceRecord,
  given: TraceOptions,
  asLookup: AsLookup | undefined,
): Promise<TraceRecord> {
  const addresses = addressesIn(record);
  const { signal, asDatabase, simulate, names: wantsNames = true } = given;
  const hasTime = !record.partial;
  const [names, origins] = await Promise.all([
    wantsNames && simulate === undefined && hasTime ? ptrNames(addresses, signal) : NONE,
    hasTime || asDatabase !== undefined ? asLookup?.originsOf(addresses, signal) : undefined,
  ]);
  if (names.size === 0 && origins === undefined) return record;
  const asSource = asDatabase === undefined ? 'dns' : 'database';
  return withLookedUp(record, {
    names,
    origins: origins ?? new Map(),
    asSource: origins === undefined ? null : asSource,
  });
}

const NONE: ReadonlyMap<string, string> = new Map();

async function openRoute(
  target: string,
  given: TraceOptions,
  options: CompleteTraceOptions,
): Promise<Route> {
  const { protocol, rates, seed, sourcePort } = options;
  if (given.simulate !== undefined) {
    const { openSimulatedStation } = await import('./simulated-station.ts');
    const traits = { family: given.family, seed, sourcePort, rates };
    const lease = openSimulatedStation(given.simulate, traits);
    return { lease, flow: flowBetween(lease, given, options) };
  }
  const ends = await orAborted(hostEnds(target, given), given.signal);
  const flow = flowBetween(ends, given, options);
  const place = { family: familyOf(ends.destination), scopeId: ends.scopeId };
  const traits = stationTraits(given, options, place);
  const lease = await leaseHostStation(traits, { source: ends.source, protocol });
  return { lease, flow: traits.isBorrowed ? flow : { ...flow, sourcePort: lease.sourcePort } };
}

function stationTraits(
  given: TraceOptions,
  options: CompleteTraceOptions,
  { family, scopeId }: { readonly family: IpFamily; readonly scopeId: number | undefined },
): StationTraits {
  const { rates, sourcePort, mark, hasSendTimes, packetBytes: packetBytesMax = 1 } = options;
  const isExact = given.sourcePort !== undefined;
  const isBorrowed = given.borrowsPort === true;
  const ports = { sourcePort: isBorrowed ? 0 : sourcePort, isExact, isBorrowed };
  const sockets = { family, scopeId, device: given.interface, mark, hasSendTimes, packetBytesMax };
  return { ...sockets, rates, ...ports };
}

/**
 * Opens the raw sockets that traces with these options are going to share, where that is permitted:
 * after it the right to open them can be given up.
 *
 * @returns how to close them, unless a trace still runs
 */
export async function holdSockets(
  targets: readonly string[],
  given: TraceOptions,
): Promise<{ release(): void }> {
  const places = new Map<string, { family: IpFamily; scopeId: number | undefined }>();
  const note = (family: IpFamily, scopeId?: number): void => {
    places.set(`${family} ${scopeId}`, { family, scopeId });
  };
  for (const target of targets.length === 1
    ? targets
    : targets.filter((each) => each.includes('%'))) {
    const resolving = orAborted(resolveTarget(target, given.family), given.signal);
    const resolved = await resolving.catch(() => undefined); // told by the trace
    if (resolved !== undefined) note(familyOf(resolved.address), resolved.scopeId);
  }
  const families = given.family === undefined ? ([4, 6] as const) : [given.family];
  if (targets.length > 1) for (const family of families) note(family);
  const options = completeTraceOptions(given);
  const opening = [...places.values()].map((place) =>
    leaseRawStation(stationTraits(given, options, place)),
  );
  const opened = await Promise.allSettled(opening); // who cannot be served is told by the trace
  return {
    release: () => {
      for (const each of opened) if (each.status === 'fulfilled') each.value.release();
    },
  };
}

function addressesIn({ hops }: TraceRecord): string[] {
  return hops.flatMap(({ replies }) =>
    replies.flatMap((reply) => ('star' in reply ? [] : [reply.address])),
  );
}
