/**
 * Whether the simulated network and the kernel's routers are the same network: both are asked by
 * the same bytes through the same seam, for every scenario that ships and that Linux can be.
 *
 * Their hashes differ, so a flow may go another way; what is compared is what all flows together
 * show. 384 flows miss one of the 16 links of a layer in one case of a billion. Losses have to lie
 * within five standard deviations of the planned ones: one honest draw in 1.7 million does not.
 */

import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseIpAddress } from '../../src/lib/ip-address.ts';
import { shippedScenarios } from '../../src/runtime/scenario-files.ts';
import {
  farAnsweringAddress,
  type NetworkPlan,
  nodeOfAddress,
} from '../../src/sim/network-plan.ts';
import { SimulatedLink } from '../../src/sim/simulated-link.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { build } from '../../tools/build.mjs';
import { checkPlan, LabPlanError } from './lab-limits.ts';
import { type NamespaceLab, openLab } from './namespace-lab.ts';
import { planScenario } from './scenario-plan.ts';

interface Answers {
  readonly sourcePort: number;
  readonly ttl: number;
  readonly from: string;
  readonly kind: string;
  readonly count: number;
}

const PEER = fileURLToPath(new URL('./fixtures/survey-peer.mjs', import.meta.url));
const SURVEY = new URL('./fixtures/link-survey.mjs', import.meta.url).href;
const SOURCE_PORTS = Array.from({ length: 384 }, (_, i) => 33_000 + i);
/** So many that a flow that loses a fifth has each hop answer but for one time in 400 000. */
const ROUNDS = 8;
const SEED = 5;
const DEVIATIONS_MAX = 5;
const SYN_ACK = 0x12;

/** What Linux cannot express, by the scenarios that need it; all others are built and compared. */
const ONLY_SIMULATED: Readonly<Record<string, string>> = {
  'asymmetric-return-beside-a-lossy-link': 'one direction only on the link from gate to east',
  'asymmetric-return-is-not-loss': 'one direction only on the link from gate to east',
  'bursty-loss-on-one-link': 'loss that depends on the packet, the time or earlier losses',
  'default-class-is-lost': 'loss that depends on the packet, the time or earlier losses',
  'errors-from-another-interface': 'errors from an address of its own choice',
  'fault-ends-mid-run': 'loss that depends on the packet, the time or earlier losses',
  'fault-starts-mid-run': 'loss that depends on the packet, the time or earlier losses',
  'flaky-control-plane-beside-a-lossy-link': 'errors sent now and then',
  'flapping-route': 'next hops',
  'hash-buckets-move-few-flows': 'next hops',
  'icmp-limit-shared-with-others': 'other probers',
  'large-packets-are-lost': 'loss that depends on the packet, the time or earlier losses',
  'loop-behind-one-router': 'next hops',
  'loss-comes-and-goes-on-one-link': 'loss that depends on the packet, the time or earlier losses',
  'mpls-labels-on-the-way': 'MPLS labels',
  'narrow-link-is-not-loss': 'a small MTU',
  'nat-on-the-way': 'address translation',
  'nat-that-leaves-its-address-in-quotes': 'address translation',
  'one-dscp-class-is-lost': 'loss that depends on the packet, the time or earlier losses',
  'per-destination-balancers-show-one-path':
    'a balancing other than by flow, with a seed of each router',
  'per-packet-balancer-looks-like-meshing': 'a balancing of its own',
  'polarised-hashes-leave-links-unused':
    'a balancing other than by flow, with a seed of each router',
  'route-moves-mid-run': 'next hops',
  'router-answers-8-byte-quotes': 'a shortened quote',
  'router-pads-its-quotes': 'a shortened quote',
  'syn-proxy-before-the-target': 'a SYN proxy',
  'syn-proxy-with-a-lossy-link-before-it': 'a SYN proxy',
  'target-limits-its-answers': 'a limit of what the target answers',
  'tos-is-bleached-on-the-way': 'loss that depends on the packet, the time or earlier losses',
  'ttl-is-rewritten-on-the-way': 'rewritten headers',
  'tunnel-hides-two-hops': 'a tunnel that hides the TTL',
  'unequal-weights-with-a-lossy-link': 'a weight',
};

const PLANS = shippedScenarios().map((name) => {
  const { plan } = planScenario(name, { family: 4, seed: SEED });
  return { name, plan, refusal: refusalOf(plan) };
});
const BUILT = PLANS.filter(({ refusal }) => refusal === undefined);

beforeAll(() => {
  expect(build({ ifNeeded: true })).toBe(true);
});

describe('scenarios that only the simulated network can be', () => {
  it('are these, and for these reasons', () => {
    const refused = PLANS.filter(({ refusal }) => refusal !== undefined);
    expect(refused.map(({ name }) => name)).toEqual(Object.keys(ONLY_SIMULATED));
    for (const { name, refusal } of refused) expect(refusal).toContain(ONLY_SIMULATED[name]);
  });
});

describe.each(BUILT)('$name', ({ plan }) => {
  it('is the same network on kernel routers', async () => {
    const lab = await openLab(plan);
    try {
      const [simulated, real] = [await surveySimulated(plan), await surveyLab(lab)];
      expect(shapeOf(plan, real)).toEqual(shapeOf(plan, simulated));
      expectPlannedLoss(plan, simulated);
      expectPlannedLoss(plan, real);
    } finally {
      await lab.close();
    }
  });
});

function refusalOf(plan: NetworkPlan): string | undefined {
  try {
    checkPlan(plan);
    return undefined;
  } catch (error) {
    if (error instanceof LabPlanError) return error.message;
    throw error;
  }
}

async function surveySimulated(plan: NetworkPlan): Promise<readonly Answers[]> {
  const { surveyLink } = await import(SURVEY);
  const { source, destination, ...request } = requestFor(plan);
  const link = new SimulatedLink(plan);
  const ends = { source: parseIpAddress(source), destination: parseIpAddress(destination) };
  return surveyLink(link, { ...request, ...ends });
}

async function surveyLab(lab: NamespaceLab): Promise<readonly Answers[]> {
  const argv = [process.execPath, PEER, JSON.stringify(requestFor(lab.plan))];
  const { stdout, stderr } = await lab.exec(SOURCE, argv);
  expect(stderr).toBe('');
  const { answers, socketDrops } = JSON.parse(stdout);
  expect(socketDrops).toBe(0);
  return answers;
}

function requestFor({ family, source, target, routers }: NetworkPlan) {
  const layers = new Set(routers.map(({ name }) => name.split('.')[0]));
  return {
    source: source[family],
    destination: target.address[family],
    port: target.port,
    sourcePorts: SOURCE_PORTS,
    lastTtl: layers.size + 2, // the target, and one more that a detour may need
    rounds: ROUNDS,
  };
}

/** What all flows together show: who answers what at which TTL, and which links they take. */
function shapeOf(plan: NetworkPlan, answers: readonly Answers[]) {
  const nodes = nodeOfAddress(plan);
  const paths = [...pathsOf(answers).values()];
  const target = plan.target.address[plan.family];
  const limited = plan.routers.filter(({ icmpLimit }) => icmpLimit !== undefined);
  // By which of its interfaces a limited router spends its few answers, is chance.
  const shown = (address: string) => {
    const node = nodes.get(address) ?? address;
    return limited.some(({ name }) => name === node) ? node : address;
  };
  const usual = answers.filter(({ kind }) => !isOfHalfOpen(plan, kind));
  const links = paths.flatMap((path) => path.map((far, i) => [path[i - 1] ?? SOURCE, far]));
  return {
    answers: sorted(usual.map(({ ttl, from, kind }) => `TTL ${ttl}: ${shown(from)} ${kind}`)),
    lengths: sorted(paths.map((path) => String(path.indexOf(target)))),
    // For the same reason not all of the links around it show.
    links:
      limited.length > 0
        ? []
        : sorted(links.map((ends) => ends.map((each) => nodes.get(each) ?? each).join(' '))),
  };
}

/** Linux acknowledges, or resets, what meets a connection whose first reset was lost. */
function isOfHalfOpen({ target }: NetworkPlan, kind: string): boolean {
  return target.answer === 'accept' && kind.startsWith('TCP') && kind !== `TCP ${SYN_ACK}`;
}

/** Who answers at each TTL, from 1 at index 0 on, by source port. */
function pathsOf(answers: readonly Answers[]): Map<number, string[]> {
  const paths = new Map<number, string[]>();
  for (const { sourcePort, ttl, from } of answers) {
    const path = paths.get(sourcePort) ?? [];
    path[ttl - 1] = from;
    paths.set(sourcePort, path);
  }
  for (const [sourcePort, path] of paths) {
    paths.set(
      sourcePort,
      Array.from(path, (address) => address ?? '*'),
    );
  }
  return paths;
}

/** Flows that the target answers, pooled by what they ought to lose on their way there. */
function expectPlannedLoss(plan: NetworkPlan, answers: readonly Answers[]): void {
  // Of replies lost on the way back the counters of the lab are told apart in its own tests, and
  // half-open connections answer in the name of other probes.
  if ([...plan.links, ...plan.routers].some(({ returnLoss }) => returnLoss > 0)) return;
  if (plan.target.answer === 'accept') return;
  const target = plan.target.address[plan.family];
  const pools = new Map<number, { sent: number; answered: number }>();
  for (const [sourcePort, path] of pathsOf(answers)) {
    const length = path.indexOf(target) + 1;
    if (length === 0) continue;
    const arrives = arrivalRatio(plan, path.slice(0, length));
    const pool = pools.get(arrives) ?? { sent: 0, answered: 0 };
    const own = answers.find((each) => each.sourcePort === sourcePort && each.ttl === length);
    pool.sent += ROUNDS;
    pool.answered += own?.count ?? 0;
    pools.set(arrives, pool);
  }
  for (const [arrives, { sent, answered }] of pools) {
    const margin = DEVIATIONS_MAX * Math.sqrt(sent * arrives * (1 - arrives));
    expect(Math.abs(answered - sent * arrives), `of ${sent}, ${arrives}`).toBeLessThanOrEqual(
      margin,
    );
  }
}

/** The share of probes that reach the end of a path by the plan. */
function arrivalRatio(plan: NetworkPlan, path: readonly string[]): number {
  let ratio = 1;
  let near = SOURCE;
  for (const address of path) {
    const link = plan.links.find(
      (each) => each.near === near && farAnsweringAddress(plan, each) === address,
    );
    const router = plan.routers.find(({ name }) => name === link?.far);
    ratio *= (1 - (link?.forwardLoss ?? 0)) * (1 - (router?.forwardLoss ?? 0));
    near = link?.far ?? TARGET;
  }
  return ratio;
}

function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
