/**
 * Isolation of loss as a function: `await isolate('example.com')` names the link or router that
 * drops packets, or tells of each round as it ends.
 */

import pLimit from 'p-limit';
import { printable } from '../../lib/printable.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import { type Measurement, MeasurementCall } from '../calls/measurement-call.ts';
import { onThread } from '../calls/measuring-thread.ts';
import { requireName } from '../calls/option-kinds.ts';
import { ownSource } from '../host/host-address.ts';
import { addressesOf, withFacts } from '../names/address-facts.ts';
import { sharedAsLookup } from '../names/as-sources.ts';
import { ptrNames } from '../names/ptr-names.ts';
import { loadScenario } from '../scenario-files.ts';
import { type IsolateProgress, runIsolate } from './isolate.ts';
import {
  type Endpoints,
  familyTo,
  openEndpoints,
  resolveTargets,
  simulatedEndpoints,
} from './isolate-endpoints.ts';
import { DEFAULT_PORT } from './isolate-limits.ts';
import {
  type CompleteIsolateOptions,
  completeIsolateOptions,
  type IsolateCallOptions,
  requireOfFamily,
} from './isolate-options.ts';

export type { IsolateCallOptions } from './isolate-options.ts';

/** How far a run is. */
interface IsolateCounts {
  readonly elapsedMs: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
}

/** What happens during a run. */
export type IsolateEvent =
  /** Told ten times a second at most. */
  | ({ readonly type: 'progress' } & IsolateCounts)
  /** Rounds are over, so many by now. */
  | ({ readonly type: 'round'; readonly round: number } & IsolateCounts)
  /** The answer; names of addresses are looked up after it. */
  | ({ readonly type: 'verdict' } & Pick<
      IsolateRecord,
      'verdict' | 'summary' | 'suspects' | 'excludedLossRatio'
    >)
  | { readonly type: 'end'; readonly record: IsolateRecord };

/** A run under way: a promise of its record, and the source of its events. */
export type IsolateCall = MeasurementCall<IsolateRecord, IsolateEvent>;

/**
 * Starts a run that names the link or router that drops packets.
 *
 * @param targets a name, an address, `[v6]`, or a link-local one with its zone, or several, which
 *   get one verdict; with `simulate` any names for the first of the simulated targets, and no name
 *   for all of them
 * @throws {RangeError} at once, when an option is out of range. The promise rejects with one for an
 *   option that the targets' family does not permit, and else with errors that have a `code`: no
 *   such host, no right to raw sockets, no route
 */
export function isolate(
  targets: string | readonly string[],
  options: IsolateCallOptions = {},
): IsolateCall {
  const names = Array.isArray(targets) ? [...targets] : [targets];
  for (const name of names) requireName(name);
  if (names.length === 0 && options.simulate === undefined) {
    throw new RangeError('targets must name at least one host');
  }
  const complete = completeIsolateOptions(options, names.length);
  const here: Measurement<IsolateRecord, IsolateEvent> = (tell, signal) =>
    atOnce(() => measure(names, { ...options, signal }, { complete, tell }));
  const asked = { kind: 'isolate', target: names, options } as const;
  return new MeasurementCall(onThread(asked, here), options.signal);
}

/** Runs at a time: each has sockets and a pace of its own. */
const RUNS_AT_ONCE = 16;
const atOnce = pLimit(RUNS_AT_ONCE);

async function measure(
  targets: readonly string[],
  given: IsolateCallOptions,
  {
    complete,
    tell,
  }: {
    readonly complete: CompleteIsolateOptions;
    readonly tell: (event: () => IsolateEvent) => void;
  },
): Promise<IsolateRecord> {
  const { signal, asDatabase: file, port, interface: device } = given;
  signal?.throwIfAborted();
  const lookup = file === undefined ? undefined : await sharedAsLookup({ file });
  const endpoints = await endpointsOf(targets, given, complete);
  requireOfFamily(complete, familyTo(endpoints));
  const { settings, ...range } = complete;
  const { protocol, seed } = settings;
  const traffic = { ...range, protocol, port, packetSizes: given.packetBytes, device };
  const network = await openEndpoints(endpoints, traffic, seed);
  const simulated = endpoints.simulated?.name ?? null;
  let unnamed: IsolateRecord;
  try {
    const { targetNames } = endpoints;
    unnamed = await runIsolate(
      network,
      { ...settings, targetNames, simulated },
      {
        ...(signal === undefined ? {} : { signal }),
        progress: (progress) => tell(() => ({ type: 'progress', ...countsOf(progress) })),
        round: (round) =>
          tell(() => ({ type: 'round', round: round.roundsOver, ...countsOf(round) })),
      },
    );
  } finally {
    network.close();
  }
  const { verdict, summary, suspects, excludedLossRatio } = unnamed;
  tell(() => ({ type: 'verdict', verdict, summary, suspects, excludedLossRatio }));
  const wantsNames = given.names !== false && simulated === null && !unnamed.partial;
  const addresses = addressesOf(unnamed);
  const [names, origins] = await Promise.all([
    wantsNames ? ptrNames(addresses, signal) : new Map<string, string>(),
    lookup?.originsOf(addresses, signal) ?? new Map<string, AsOrigin>(),
  ]);
  const record = withFacts(unnamed, { names, origins });
  tell(() => ({ type: 'end', record }));
  return record;
}

function countsOf({ elapsedUs, probesSent, repliesReceived }: IsolateProgress): IsolateCounts {
  return { elapsedMs: Math.round(elapsedUs / 1000), probesSent, repliesReceived };
}

async function endpointsOf(
  targets: readonly string[],
  { family, simulate, port: givenPort, source: ownText }: IsolateCallOptions,
  { settings: { protocol } }: CompleteIsolateOptions,
): Promise<Endpoints> {
  if (simulate !== undefined) return simulatedEndpoints(targets, loadScenario(simulate), family);
  const { destinations, scopeId } = await resolveTargets(targets, family);
  const [destination = new Uint8Array()] = destinations;
  const source = ownText === undefined ? undefined : await ownSource(ownText, destination);
  const host = { destinations, port: givenPort ?? DEFAULT_PORT[protocol], scopeId, source };
  return { targetNames: targets.map(printable), family, simulated: null, host };
}
