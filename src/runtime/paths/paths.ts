/**
 * Multipath discovery as a function: `await paths('example.com')` finds every path to a target, or
 * tells of each reply as it comes.
 */

import pLimit from 'p-limit';
import { placesOf } from '../../algorithms/multipath/places.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { PathsRecord, PathsReply } from '../../model/paths-record.ts';
import type { ProbeReply } from '../../model/probe.ts';
import { type Measurement, MeasurementCall } from '../calls/measurement-call.ts';
import { onThread } from '../calls/measuring-thread.ts';
import { requireName } from '../calls/option-kinds.ts';
import { resolveTarget } from '../calls/target.ts';
import { sourceOption } from '../host/host-address.ts';
import { sharedAsLookup } from '../names/as-sources.ts';
import { ptrNames } from '../names/ptr-names.ts';
import { loadScenario } from '../scenario-files.ts';
import {
  openHostPaths,
  openSimulatedPaths,
  type PathsNetwork,
  wantedFamily,
} from './paths-network.ts';
import {
  type CompletePathsOptions,
  completePathsOptions,
  type PathsOptions,
} from './paths-options.ts';
import type { PathsParts } from './paths-places.ts';
import { namedPaths, pathsRecordOf } from './paths-record.ts';
import { pathsReplies } from './paths-replies.ts';
import type { SearchCounts } from './paths-station.ts';

export type { PathsOptions } from './paths-options.ts';

/** What happens during a search. */
export type PathsEvent =
  | {
      readonly type: 'reply';
      readonly flow: number;
      readonly ttl: number;
      readonly address: string;
      readonly rttMs: number;
      readonly isTarget: boolean;
    }
  | { readonly type: 'end'; readonly record: PathsRecord };

/** A search that is over. */
export interface FinishedPaths {
  readonly record: PathsRecord;
  readonly replies: readonly PathsReply[];
}

/** A search under way: a promise of its record, and the source of its events. */
export type PathsCall = MeasurementCall<PathsRecord, PathsEvent>;

/**
 * Starts a search for every path to a target.
 *
 * @param target a name, an address, `[v6]`, or a link-local one with its zone; with `simulate` any
 *   name for the simulated target
 * @throws {RangeError} at once, when an option is out of range. The promise rejects with errors
 *   that have a `code`: no such host, no right to raw sockets, no route
 * @example
 * const { summary, flows } = await paths('example.com', { protocol: 'tcp', port: 443 });
 */
export function paths(target: string, options: PathsOptions = {}): PathsCall {
  requireName(target);
  completePathsOptions(options);
  const here: Measurement<PathsRecord, PathsEvent> = async (tell, signal) => {
    const { record } = await findPaths(
      target,
      { ...options, signal },
      {
        event: (event) => tell(() => event),
      },
    );
    return record;
  };
  return new MeasurementCall(onThread({ kind: 'paths', target, options }, here), options.signal);
}

/** What a caller may hear of a search that is under way. */
export interface PathsListener {
  readonly event?: (event: PathsEvent) => void;
  /** Sockets are open; nothing has been sent. */
  readonly opened?: () => void;
  readonly progress?: (counts: SearchCounts, elapsedUs: number) => void;
}

/** The same with all replies. */
export async function findPaths(
  target: string,
  given: PathsOptions,
  listener: PathsListener = {},
): Promise<FinishedPaths> {
  const options = completePathsOptions(given);
  return atOnce(async () => {
    given.signal?.throwIfAborted();
    const file = given.asDatabase; // opened while there still are rights
    const lookup = file === undefined ? undefined : await sharedAsLookup({ file });
    const network = await openNetwork(target, given, options);
    try {
      listener.opened?.();
      const simulated = given.simulate ?? null;
      const parts = await search(
        { targetName: target, simulated, options, network },
        given,
        listener,
      );
      const unnamed = pathsRecordOf(parts);
      const wantsNames = given.names !== false && simulated === null && !unnamed.partial;
      const addresses = addressesIn(unnamed);
      const [names, origins] = await Promise.all([
        wantsNames ? ptrNames(addresses, given.signal) : new Map<string, string>(),
        lookup?.originsOf(addresses, given.signal) ?? new Map<string, AsOrigin>(),
      ]);
      const record = namedPaths(unnamed, names, origins);
      listener.event?.({ type: 'end', record });
      return { record, replies: pathsReplies(parts) };
    } finally {
      network.release();
    }
  });
}

/** Searches at a time; what is known of a graph takes memory, and pacing has its limits, too. */
export const SEARCHES_AT_ONCE = 256;
const atOnce = pLimit(SEARCHES_AT_ONCE);

type Ground = Pick<PathsParts, 'targetName' | 'simulated' | 'options' | 'network'>;

async function search(
  ground: Ground,
  given: PathsOptions,
  { event, progress = () => {} }: PathsListener,
): Promise<PathsParts> {
  const { options, network } = ground;
  const { signal } = given;
  const { station } = network;
  const { addresses } = station.parts;
  const startedAt = new Date();
  const finished = await station.run({
    settings: options.settings,
    flowAt: (flow) => network.flowAt(flow),
    signal,
    replied: (reply) => event?.(replyEvent(reply, addresses)),
    progress,
  });
  const parts = { ...ground, ...finished, addresses, startedAt, aliases: null };
  if (given.aliases !== true || finished.discovery.end === 'aborted') return parts;
  const { maxTimeUs, maxProbes } = options.settings;
  const { startedAtUs, counts } = finished;
  const aliases = await station.aliases(
    {
      places: placesOf(finished.discovery.graph(), finished.discovery.observations).places,
      flows: finished.flows,
      asksDirectly: ground.simulated === null,
      endsAtUs: startedAtUs + maxTimeUs,
      probesMax: maxProbes - counts.probesSent,
      progress: (own) => {
        const sum = {
          probesSent: counts.probesSent + own.probesSent,
          repliesReceived: counts.repliesReceived + own.repliesReceived,
        };
        progress({ stage: 'aliases', ...sum }, station.parts.timeline.nowUs() - startedAtUs);
      },
    },
    signal,
  );
  return { ...parts, aliases };
}

function replyEvent(reply: ProbeReply, addresses: AddressBook): PathsEvent {
  const { flow, ttl, responder, rttUs, isTarget } = reply;
  const address = addresses.textOf(responder);
  return { type: 'reply', flow, ttl, address, rttMs: rttUs / 1000, isTarget };
}

async function openNetwork(
  target: string,
  given: PathsOptions,
  options: CompletePathsOptions,
): Promise<PathsNetwork> {
  const family = wantedFamily(target, given, options.flowField);
  if (given.simulate !== undefined) {
    const { scenario } = loadScenario(given.simulate);
    return openSimulatedPaths(scenario, options, family);
  }
  const { address: destination, scopeId } = await resolveTarget(target, family);
  const source = given.source === undefined ? undefined : sourceOption(given.source, destination);
  const device = given.interface;
  return openHostPaths({ destination, scopeId, device, source }, options);
}

function addressesIn({ hops }: PathsRecord): string[] {
  return hops.flatMap(({ places }) =>
    places.flatMap((place) => place.addresses.map(({ address }) => address)),
  );
}
