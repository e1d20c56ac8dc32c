/**
 * Whole `isolate` runs on the simulated network, in virtual time, and the judge of what they find.
 * A run is repeated exactly by its scenario, family and seed.
 */

import { type IpFamily, parseIpAddress } from '../../src/lib/ip-address.ts';
import type { Random } from '../../src/lib/random.ts';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import type { Place as NamedPlace } from '../../src/model/verdict.ts';
import { runIsolate } from '../../src/runtime/isolate/isolate.ts';
import type { IsolateOptions } from '../../src/runtime/isolate/isolate-run.ts';
import { openSimulatedNetwork } from '../../src/runtime/links/network.ts';
import { flowHash } from '../../src/sim/flow-hash.ts';
import { Network } from '../../src/sim/network.ts';
import { nodeOfAddress, planNetwork } from '../../src/sim/network-plan.ts';
import { type Place, parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';

export const FAMILIES: readonly IpFamily[] = [4, 6];

/** What the command line takes when nothing is said. */
export const ISOLATE_DEFAULTS = {
  targetNames: ['the target'],
  simulated: 'a test',
  minTtl: 1,
  maxTtl: 30,
  confidence: 0.95,
  minLoss: 0.002,
  exclude: 0.02,
  maxProbes: 30_000,
  maxTimeUs: 60_000_000,
  tos: 0,
  perInterface: 100,
  total: 2000,
};
const FLOWS = 64;
const FIRST_SOURCE_PORT = 32_768;

export interface SimulatedRun {
  readonly scenario: Scenario;
  readonly family: IpFamily;
  /** Of the network's hashes and losses, and of the measurement. */
  readonly seed: number;
  readonly options?: Partial<Omit<IsolateOptions, 'seed'>> & { readonly flows?: number };
}

/** Measures a scenario under a seed of its own. */
export async function isolateSimulated(run: SimulatedRun): Promise<IsolateRecord> {
  const { family, seed } = run;
  const { flows = FLOWS, ...options } = run.options ?? {};
  const ports = { sourcePort: FIRST_SOURCE_PORT, flows };
  const { targetNames = targetsOf(run.scenario) } = options;
  const overrides = { family, seed, targets: targetNames.length };
  const network = openSimulatedNetwork({ ...run.scenario, seed }, ports, overrides);
  try {
    return await runIsolate(network, { ...ISOLATE_DEFAULTS, ...options, targetNames, seed });
  } finally {
    network.close();
  }
}

function targetsOf({ otherTargets }: Scenario): readonly string[] {
  return [...ISOLATE_DEFAULTS.targetNames, ...otherTargets.map(({ name }) => name)];
}

/** A network as a scenario without a claim. */
export function scenarioOf(traits: object): Scenario {
  return parseScenario({ shows: 'a network', truth: { verdict: 'inconclusive' }, ...traits });
}

/** The suspects of a record by the names of its scenario: `link a b`, `router c`, `router unseen`. */
export function suspectsIn(record: IsolateRecord, scenario: Scenario): string[][] {
  const nodes = nodeOfAddress(planNetwork(scenario, { family: record.family }));
  return record.suspects.map((suspect) =>
    [suspect, ...suspect.equivalents].map((place) => nameOf(place, nodes)),
  );
}

/** Whether one suspect, or something that it cannot be told from, is this place. */
export function isBlamed(record: IsolateRecord, scenario: Scenario, place: Place): boolean {
  const right = namesFor(place, scenario);
  return suspectsIn(record, scenario).some((alike) => alike.some((name) => right.includes(name)));
}

/** Whether the run found the place and blamed nothing else. */
export function isFoundAlone(record: IsolateRecord, scenario: Scenario, place: Place): boolean {
  return record.suspects.length === 1 && isBlamed(record, scenario, place);
}

/** How many flows of a run go over a place: what none crosses, none can find. */
export function flowsAcross(
  { scenario, family, seed, options }: SimulatedRun,
  place: Place,
): number {
  const plan = planNetwork({ ...scenario, seed }, { family });
  const network = new Network(plan);
  const ends = [plan.source[family], plan.target.address[family]];
  const [source, destination] = ends.map((text) => parseIpAddress(text) ?? new Uint8Array());
  const ports = Array.from({ length: options?.flows ?? FLOWS }, (_, i) => FIRST_SOURCE_PORT + i);
  return ports.filter((port) => {
    const leadingBits = (port << 16) | plan.target.port;
    const fields = { source, destination, protocol: 6, leadingBits } as Parameters<
      typeof flowHash
    >[0];
    const path = [SOURCE, ...network.pathOf(flowHash(fields))];
    if (place.kind === 'router') return path.includes(place.name);
    return path.some((near, i) => near === place.near && path[i + 1] === place.far);
  }).length;
}

/** What says where a run went wrong and how to repeat it. */
export function describeRun(
  record: IsolateRecord,
  { scenario, family, seed }: SimulatedRun,
): string {
  const suspects = suspectsIn(record, scenario).map((alike) => alike.join(' = '));
  return [
    `seed ${seed} IPv${family}: ${record.verdict} [${suspects.join('; ')}] (${record.stopReason},`,
    `${(record.durationMs / 1000).toFixed(1)} s, ${record.probesSent} probes): ${record.summary}`,
  ].join(' ');
}

/** A random link or router of a run's network that at least one flow crosses. */
export function randomPlace(run: SimulatedRun, random: Random): Place {
  const { links, routers } = run.scenario;
  for (;;) {
    const { name = '' } = routers[random.below(routers.length)] ?? {};
    const { near = SOURCE, far = TARGET } = links[random.below(links.length)] ?? {};
    const place: Place =
      random.below(2) === 0 ? { kind: 'router', name } : { kind: 'link', near, far };
    if (flowsAcross(run, place) > 0) return place;
  }
}

/** The same network with a loss at a place. */
export function withFault(traits: object, place: Place, forwardLoss: number): Scenario {
  const where = place.kind === 'link' ? { link: [place.near, place.far] } : { router: place.name };
  return scenarioOf({ ...traits, faults: [{ ...where, forwardLoss }] });
}

function nameOf(place: NamedPlace, nodes: ReadonlyMap<string, string>): string {
  const nodeAt = (address: string | null): string =>
    address === null ? 'unseen' : (nodes.get(address) ?? address);
  if (place.kind === 'link') {
    const nears = place.addresses.length > 0 ? place.addresses : [place.near];
    return `link ${[...new Set(nears.map(nodeAt))].join('+')} ${nodeAt(place.far)}`;
  }
  const names = new Set(place.addresses.map(nodeAt));
  return `router ${names.size === 0 ? 'unseen' : [...names].join('+')}`;
}

/** Every name that is right for a place: behind a total loss, the far end is never seen. */
function namesFor(place: Place, { links }: Scenario): string[] {
  if (place.kind === 'router') return [`router ${place.name}`];
  const { near, far } = place;
  const isTotal = links.some(
    (link) => link.near === near && link.far === far && link.forwardLoss === 1,
  );
  return isTotal ? [`link ${near} ${far}`, `link ${near} unseen`] : [`link ${near} ${far}`];
}
