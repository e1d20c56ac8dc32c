/**
 * Multipath discovery as a function: `await paths('example.com')` finds every path to a target, or
 * tells of each reply as it comes.
 */

import { Discovery } from '../algorithms/multipath/discovery.ts';
import { parseIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import type { PathsRecord, PathsReply } from '../model/paths-record.ts';
import type { ProbeReply, ProbeSink } from '../model/probe.ts';
import { type FlowRequest, ProbeEngine } from '../probing/probe-engine.ts';
import { MeasurementCall } from './measurement-call.ts';
import { openHostPaths, openSimulatedPaths, type PathsNetwork } from './paths-network.ts';
import {
  type CompletePathsOptions,
  completePathsOptions,
  type PathsOptions,
} from './paths-options.ts';
import { namedPaths, type PathsParts, pathsRecordOf } from './paths-record.ts';
import { pathsReplies } from './paths-replies.ts';
import { ptrNames } from './ptr-names.ts';
import { runProbing } from './run-loop.ts';
import { loadScenario } from './scenario-files.ts';
import { resolveTarget } from './target.ts';

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
 */
export function paths(target: string, options: PathsOptions = {}): PathsCall {
  completePathsOptions(options);
  return new MeasurementCall(async (tell, signal) => {
    const { record } = await findPaths(target, { ...options, signal }, tell);
    return record;
  }, options.signal);
}

/** The same with all replies; `tell` hears of events. */
export async function findPaths(
  target: string,
  given: PathsOptions,
  tell: (event: PathsEvent) => void = () => {},
): Promise<FinishedPaths> {
  const options = completePathsOptions(given);
  given.signal?.throwIfAborted();
  const network = await openNetwork(target, given, options);
  try {
    const simulated = given.simulate ?? null;
    const parts = await search({ targetName: target, simulated, options, network }, given, tell);
    const unnamed = pathsRecordOf(parts);
    const wantsNames = given.names !== false && simulated === null && !unnamed.partial;
    const record = wantsNames
      ? namedPaths(unnamed, await ptrNames(addressesIn(unnamed), given.signal))
      : unnamed;
    tell({ type: 'end', record });
    return { record, replies: pathsReplies(parts) };
  } finally {
    network.close();
  }
}

type Ground = Pick<PathsParts, 'targetName' | 'simulated' | 'options' | 'network'>;

async function search(
  ground: Ground,
  { signal }: PathsOptions,
  tell: (event: PathsEvent) => void,
): Promise<PathsParts> {
  const { options, network } = ground;
  const { source, destination, tokenKey, timeline, link, ownAddresses } = network;
  const addresses = new AddressBook();
  const engine = new ProbeEngine(
    {
      source,
      destination,
      destinationPort: options.port,
      tos: options.tos,
      protocol: options.protocol,
      flows: [],
      tokenKey,
      rates: options.rates,
      random: new Random(options.seed),
      addresses,
      ownAddresses,
    },
    NOBODY,
  );
  const flows: (FlowRequest | undefined)[] = [];
  const engineFlows: number[] = [];
  const order = (flow: number, ttl: number, round: number): void => {
    while (flows.length <= flow) {
      const request = network.flowAt(flows.length);
      if (request === undefined) {
        discovery.limitFlows(flows.length);
        discovery.unsent(flow, ttl);
        return;
      }
      engineFlows.push(engine.addFlow(request, sinkOf(flows.length)));
      flows.push(request);
    }
    engine.order(engineFlows[flow] ?? 0, ttl, round);
  };
  const sinkOf = (flow: number): ProbeSink => ({
    replied: (reply) => {
      discovery.replied({ ...reply, flow });
      tell(replyEvent({ ...reply, flow }, addresses));
    },
    repliedLate: (reply) => discovery.repliedLate({ ...reply, flow }),
    lost: (_, ttl) => discovery.lost(flow, ttl),
    unsent: (_, ttl) => discovery.unsent(flow, ttl),
  });
  const startedAt = new Date();
  const startedAtUs = timeline.nowUs();
  const discovery = new Discovery(options.settings, order, startedAtUs);
  const advance = (nowUs: number): number => {
    discovery.advance(nowUs);
    return discovery.deadlineUs();
  };
  const isDone = (): boolean => discovery.end !== undefined;
  await runProbing({ engine, link, timeline, advance, isDone, signal });
  discovery.abort();
  const endedAtUs = timeline.nowUs();
  return { ...ground, engine, addresses, discovery, flows, startedAt, startedAtUs, endedAtUs };
}

const NOBODY: ProbeSink = { replied() {}, repliedLate() {}, lost() {}, unsent() {} };

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
  if (given.simulate !== undefined) {
    const { scenario } = loadScenario(given.simulate);
    return openSimulatedPaths(scenario, options, given.family);
  }
  const { address: destination, scopeId } = await resolveTarget(target, given.family);
  const source = given.source === undefined ? undefined : parseIpAddress(given.source);
  if (given.source !== undefined && source?.length !== destination.length) {
    const message = `source must be an address of the target's family, got ${given.source}`;
    throw new RangeError(message);
  }
  const device = given.interface;
  return openHostPaths({ destination, scopeId, device, source }, options);
}

function addressesIn({ hops }: PathsRecord): string[] {
  return hops.flatMap(({ places }) =>
    places.flatMap((place) => place.addresses.map(({ address }) => address)),
  );
}
