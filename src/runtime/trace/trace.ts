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
import { flowBetween, type HostEnds, hostEnds } from './trace-flow.ts';
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
 * @example
 * const { reached, hops } = await trace('example.com', { protocol: 'tcp', port: 443 });
 * for await (const event of trace('example.com').events()) console.log(event.type);
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
      settled: (probe: TraceProbe) => {
        tell(() => {
          const { ttl, round } = probe;
          return { type: 'probe', ttl, probe: round, outcome: outcomeOf(probe, context) };
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
  const { signal, asDatabase, simulate, names: wantsNames = true } = given;
  const hasTime = !record.partial;
  const needsNames = wantsNames && simulate === undefined && hasTime;
  if (!needsNames && asLookup === undefined) return record;
  const addresses = addressesIn(record);
  const [names, origins] = await Promise.all([
    needsNames ? ptrNames(addresses, signal) : NONE,
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
  const traits = await traitsTowards(ends, given, options);
  const lease = await leaseHostStation(traits, { source: ends.source, protocol });
  return { lease, flow: traits.isBorrowed ? flow : { ...flow, sourcePort: lease.sourcePort } };
}

/** What a station decides for all of its traces. */
interface Place extends Pick<StationTraits, 'family' | 'scopeId'> {
  readonly ring?: StationTraits['ring'];
}

/** @throws {HostError} where there is no device for a receive ring that was asked for */
async function traitsTowards(
  { source, destination, scopeId }: HostEnds,
  given: TraceOptions,
  options: CompleteTraceOptions,
): Promise<StationTraits> {
  const place = { family: familyOf(destination), scopeId };
  if (options.timestamps !== 'ring') return stationTraits(given, options, place);
  const { ringDeviceFor } = await import('../host/ring-device.ts');
  const way = { source, destination, scopeId, device: given.interface, mark: given.mark };
  const ring = { device: ringDeviceFor(way), source: [...source] };
  return stationTraits(given, options, { ...place, ring });
}

function stationTraits(
  given: TraceOptions,
  options: CompleteTraceOptions,
  { family, scopeId, ring }: Place,
): StationTraits {
  const { rates, sourcePort, mark, timestamps, packetBytes: packetBytesMax = 1 } = options;
  const hasSendTimes = timestamps !== 'estimated';
  const isExact = given.sourcePort !== undefined;
  const isBorrowed = given.borrowsPort === true;
  const ports = { sourcePort: isBorrowed ? 0 : sourcePort, isExact, isBorrowed };
  const sockets = { family, scopeId, device: given.interface, mark, hasSendTimes, packetBytesMax };
  return { ...sockets, rates, ...ports, ring };
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
  const options = completeTraceOptions(given);
  const traits =
    options.timestamps === 'ring'
      ? await traitsOfRings(targets, given, options)
      : await traitsOfAll(targets, given, options);
  const opening = traits.map(leaseRawStation);
  const opened = await Promise.allSettled(opening); // who cannot be served is told by the trace
  return {
    release: () => {
      for (const each of opened) if (each.status === 'fulfilled') each.value.release();
    },
  };
}

/** Raw sockets serve all targets of a family, but for link-local ones. */
async function traitsOfAll(
  targets: readonly string[],
  given: TraceOptions,
  options: CompleteTraceOptions,
): Promise<StationTraits[]> {
  const places = new Map<string, Place>();
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
  return [...places.values()].map((place) => stationTraits(given, options, place));
}

/** A receive ring serves what leaves by its device from its address. */
async function traitsOfRings(
  targets: readonly string[],
  given: TraceOptions,
  options: CompleteTraceOptions,
): Promise<StationTraits[]> {
  const all = await Promise.allSettled(
    targets.map(async (target) => {
      const ends = await orAborted(hostEnds(target, given), given.signal);
      return traitsTowards(ends, given, options);
    }),
  );
  return all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])); // as above
}

function addressesIn({ hops }: TraceRecord): string[] {
  return hops.flatMap(({ replies }) =>
    replies.flatMap((reply) => ('star' in reply ? [] : [reply.address])),
  );
}
