/** What a search for paths would send, and what that may cost; nothing is opened, nothing sent. */

import { Discovery } from '../../algorithms/multipath/discovery.ts';
import { stoppingPoint } from '../../algorithms/multipath/stopping-point.ts';
import { familyOf, formatIpAddress, type IpFamily } from '../../lib/ip-address.ts';
import { completeFlow } from '../../probing/flow.ts';
import { plannedEnds } from '../trace/planned-ends.ts';
import { flowFields, requireFlowLabels, wantedFamily } from './paths-network.ts';
import {
  type CompletePathsOptions,
  completePathsOptions,
  type PathsOptions,
} from './paths-options.ts';

/** A search, before the first reply has changed it; addresses as text. */
export interface PathsPlan {
  readonly options: CompletePathsOptions;
  readonly address: string;
  readonly source: string;
  readonly family: IpFamily;
  /** Of each probe, from the IP header on. */
  readonly packetBytes: number;
  /** Probes that leave at once. */
  readonly firstProbes: readonly { readonly flow: number; readonly ttl: number }[];
  /** Flows that each hop takes where one interface is seen, where two are, and so on. */
  readonly flowsByBranches: readonly number[];
  /** The most that may be sent: `maxProbes`, or what the rate allows within the time. */
  readonly probesMax: number;
}

const BRANCHES_TOLD = 4;

/** @throws as the search itself: no such host, no route, an option out of range */
export async function planPaths(target: string, given: PathsOptions): Promise<PathsPlan> {
  const options = completePathsOptions(given);
  const { settings, flowField, rates, sourcePort } = options;
  const family = wantedFamily(target, given, flowField);
  const ends = await plannedEnds(target, { ...given, family });
  requireFlowLabels(flowField, ends.source);
  const { lengthBytes } = completeFlow(flowFields(0, sourcePort, { ...options, ...ends }));
  const firstProbes: { flow: number; ttl: number }[] = [];
  const discovery = new Discovery(settings, (flow, ttl) => firstProbes.push({ flow, ttl }), 0);
  discovery.advance(0);
  const failure = discovery.failurePerBalancer(discovery.graph());
  return {
    options,
    address: formatIpAddress(ends.destination),
    source: formatIpAddress(ends.source),
    family: familyOf(ends.destination),
    packetBytes: lengthBytes,
    firstProbes,
    flowsByBranches: Array.from({ length: BRANCHES_TOLD }, (_, seen) =>
      stoppingPoint(seen + 2, failure),
    ),
    probesMax: Math.min(settings.maxProbes, Math.ceil((settings.maxTimeUs / 1e6) * rates.total)),
  };
}
