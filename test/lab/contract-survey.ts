/** What the contract between the two networks asks of both, and what it makes of the answers. */

import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { parseIpAddress } from '../../src/lib/ip-address.ts';
import {
  farAnsweringAddress,
  type NetworkPlan,
  nodeOfAddress,
  type PlannedHazard,
} from '../../src/sim/network-plan.ts';
import { isActive } from '../../src/sim/schedule.ts';
import { SimulatedLink } from '../../src/sim/simulated-link.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CHANCE_NATS_MAX, chanceNats } from './chance.ts';
import { isAlways } from './lab-clock.ts';
import { startFixture } from './lab-nuisances.ts';
import type { NamespaceLab } from './namespace-lab.ts';

export interface Answers {
  readonly sourcePort: number;
  readonly ttl: number;
  /** Index of the time in which nothing of the plan changes. */
  readonly span: number;
  readonly from: string;
  readonly kind: string;
  readonly count: number;
}

export interface Survey {
  readonly answers: readonly Answers[];
  /** Probes of each flow at each TTL, by span. */
  readonly rounds: readonly number[];
}

interface Span {
  readonly fromUs: number;
  readonly untilUs: number;
}

const SURVEY = new URL('./fixtures/link-survey.mjs', import.meta.url).href;
export const SOURCE_PORTS: readonly number[] = Array.from({ length: 192 }, (_, i) => 33_000 + i);
/** So many that a flow that loses 30 % has each hop answer but for one time in 20 million. */
const ROUNDS = 14;
const DEVIATIONS_MAX = 5;
const SYN_ACK = 0x12;
/** Of a plan that changes, the first ones show what there is to see. */
const SPANS_MAX = 3;
const LAST_SPAN_US = 1_000_000;
/** Small ones, and such as hazards of the plan wait for. */
const SMALL = { lengthBytes: 0, tos: 0 };

export async function surveySimulated(plan: NetworkPlan): Promise<Survey> {
  const { surveyLink } = await import(SURVEY);
  const { source, destination, ...request } = requestFor(plan);
  const link = new SimulatedLink(plan);
  const ends = { source: parseIpAddress(source), destination: parseIpAddress(destination) };
  return surveyLink(link, { ...request, ...ends });
}

/** @param plan that of the lab, or the same in the other family */
export async function surveyLab(lab: NamespaceLab, plan: NetworkPlan): Promise<Survey> {
  const request = requestFor(plan);
  const peer = await startFixture(lab, SOURCE, 'survey-peer', [JSON.stringify(request)]);
  // Time starts only when the peer is ready to use it.
  const startedAtMs = request.spans.length > 1 ? await lab.startClock() : Date.now();
  peer.stdin.end(String(startedAtMs));
  const [stdout, [status]] = await Promise.all([text(peer.stdout), once(peer, 'close')]);
  expect(status).toBe(0);
  const { answers, rounds, socketDrops } = JSON.parse(stdout);
  expect(socketDrops).toBe(0);
  // A machine that is busy with other things may fit less into a second.
  expect(Math.min(...rounds)).toBeGreaterThan(0);
  return { answers, rounds };
}

function requestFor(plan: NetworkPlan) {
  const { family, source, target, routers } = plan;
  const spans = spansOf(plan);
  const layers = new Set(routers.map(({ name }) => name.split('.')[0]));
  return {
    source: source[family],
    destination: target.address[family],
    port: target.port,
    sourcePorts: SOURCE_PORTS,
    shapes: shapesFor(plan),
    lastTtl: layers.size + 2, // the target, and one more that a detour may need
    spans,
    rounds: ROUNDS,
  };
}

/** What all flows together show: who answers what at which TTL, and which links they take. */
export function shapeOf(plan: NetworkPlan, { answers }: Survey) {
  return spansOf(plan).map((_, span) =>
    shapeIn(
      plan,
      answers.filter((each) => each.span === span),
    ),
  );
}

function shapeIn(plan: NetworkPlan, answers: readonly Answers[]) {
  const paths = [...pathsOf(answers).values()];
  const target = plan.target.address[plan.family];
  const usual = answers.filter(({ kind }) => !isOfHalfOpen(plan, kind));
  const { answerer, node } = namesFor(plan);
  const isTimed = spansOf(plan).length > 1;
  const isChancy = plan.target.answerLimit !== undefined || isTimed;
  const links = paths.flatMap((path) => path.map((far, i) => [path[i - 1] ?? SOURCE, far]));
  const seen = links.filter((ends) => !ends.includes('*'));
  return {
    answers: sorted(usual.map(({ ttl, from, kind }) => `TTL ${ttl}: ${answerer(from)} ${kind}`)),
    // Which of its answers a target finds too many is chance, and so is what fits into a second.
    lengths: isChancy ? [] : sorted(paths.map((path) => String(path.indexOf(target)))),
    // By which of its interfaces a limited router spends its few answers, is chance, too.
    links: plan.routers.some(isSparing) ? [] : sorted(seen.map((ends) => ends.map(node).join(' '))),
  };
}

/** How addresses are called, so that what is said depends on no hash of one of the networks. */
function namesFor(plan: NetworkPlan) {
  const nodes = nodeOfAddress(plan);
  const isOnePath = plan.balancing.kind === 'per-destination';
  const sparing = new Set(plan.routers.filter(isSparing).map(({ name }) => name));
  const node = (address: string) => {
    const name = nodes.get(address) ?? address;
    return isOnePath ? `layer ${name.split('.')[0]}` : name;
  };
  const answerer = (address: string) =>
    isOnePath || sparing.has(nodes.get(address) ?? '') ? node(address) : address;
  return { node, answerer };
}

/** Whether a router answers so few probes that chance decides by which links it shows. */
function isSparing({ icmpLimit, icmpLimitPerProber, answerRatio }: NetworkPlan['routers'][number]) {
  return icmpLimit !== undefined || icmpLimitPerProber !== undefined || answerRatio < 1;
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

/** Flows whose way is known, pooled by what they ought to lose on it. */
export function expectPlannedLoss(plan: NetworkPlan, survey: Survey): void {
  // Of replies lost on the way back the counters of the lab are told apart in its own tests, and
  // half-open connections answer in the name of other probes.
  if ([...plan.links, ...plan.routers].some(({ returnLoss }) => returnLoss > 0)) return;
  if (plan.target.answer === 'accept' || plan.target.answerLimit !== undefined) return;
  for (const [span, { fromUs }] of spansOf(plan).entries()) {
    const answers = survey.answers.filter((each) => each.span === span);
    const pools = poolsOf(plan, answers, { atUs: fromUs, rounds: survey.rounds[span] ?? 0 });
    for (const [arrives, { sent, answered }] of pools) {
      const nats = chanceNats(answered, sent, arrives) / clustering(plan);
      expect(nats, `${answered} of ${sent}, ${arrives}`).toBeLessThanOrEqual(CHANCE_NATS_MAX);
    }
  }
}

function poolsOf(
  plan: NetworkPlan,
  answers: readonly Answers[],
  { atUs, rounds }: { atUs: number; rounds: number },
) {
  const target = plan.target.address[plan.family];
  const pools = new Map<number, { sent: number; answered: number }>();
  for (const [sourcePort, path] of pathsOf(answers)) {
    const length = path.indexOf(target) + 1;
    if (length === 0 || path.slice(0, length).includes('*')) continue;
    const arrives = arrivalRatio(plan, path.slice(0, length), { sourcePort, atUs });
    const pool = pools.get(arrives) ?? { sent: 0, answered: 0 };
    const own = answers.find((each) => each.sourcePort === sourcePort && each.ttl === length);
    pool.sent += rounds;
    pool.answered += own?.count ?? 0;
    pools.set(arrives, pool);
  }
  return pools;
}

/**
 * The flows that each next hop of the first balancer gets lie within five standard deviations of
 * its weight, where every flow stays with its own.
 */
export function expectPlannedShares(plan: NetworkPlan, { answers }: Survey): void {
  const isSteady = plan.routers.every(({ balancing }) => balancing.kind === 'per-flow');
  const steps = plan.links.filter(
    ({ near, direction }) => near === plan.links[0]?.far && direction !== 'return',
  );
  const areAllSeen = !plan.routers.some((router) => router.isSilent || isSparing(router));
  if (!isSteady || !areAllSeen || spansOf(plan).length > 1) return;
  const nodes = nodeOfAddress(plan);
  const taken = [...pathsOf(answers).values()].flatMap((path) => nodes.get(path[1] ?? '') ?? []);
  const flows = taken.filter((node) => steps.some(({ far }) => far === node)).length;
  const weights = steps.reduce((sum, { weight }) => sum + weight, 0);
  for (const { far, weight } of steps) {
    const share = weight / weights;
    const own = taken.filter((node) => node === far).length;
    const margin = DEVIATIONS_MAX * Math.sqrt(flows * share * (1 - share));
    expect(Math.abs(own - flows * share), `to ${far}`).toBeLessThanOrEqual(margin);
  }
}

/** Flows that nobody answers behind the hop at this index, from 0 on. */
export function flowsThatEndAt(hop: number, { answers }: Survey): number[] {
  return [...pathsOf(answers)].filter(([, path]) => path.length === hop + 1).map(([port]) => port);
}

/** By how much losses in bursts vary more than others, at most: as many as come in a row. */
function clustering(plan: NetworkPlan): number {
  const bursts = [...plan.links, ...plan.routers].flatMap(({ hazards }) =>
    hazards.map(({ burst }) => burst ?? 1),
  );
  return 2 * Math.max(1, ...bursts) - 1;
}

/** The share of a flow's probes that reach the end of a path by the plan. */
function arrivalRatio(
  plan: NetworkPlan,
  path: readonly string[],
  { sourcePort, atUs }: { sourcePort: number; atUs: number },
): number {
  const shape = shapeOfFlow(plan, sourcePort);
  const hidden = new Set(plan.routers.flatMap(({ isHidden, name }) => (isHidden ? [name] : [])));
  let { tos } = shape;
  let ratio = 1;
  let near = SOURCE;
  const arrives = (hazards: readonly PlannedHazard[]) =>
    hazards
      .filter(({ direction, only, window }) => {
        const { dscp = tos >> 2, bytesMin = 0 } = only;
        const isHit = tos >> 2 === dscp && shape.lengthBytes >= bytesMin;
        return direction === 'forward' && isHit && isActive(window, atUs);
      })
      .reduce((product, { lossRatio }) => product * (1 - lossRatio), 1);
  for (const address of path) {
    const links = plan.links.filter((each) => farAnsweringAddress(plan, each) === address);
    // Behind a tunnel the router before is none that answers; no scenario has losses inside.
    const link =
      links.find((each) => each.near === near) ?? links.find((each) => hidden.has(each.near));
    const router = plan.routers.find(({ name }) => name === link?.far);
    ratio *= (1 - (link?.forwardLoss ?? 0)) * arrives(link?.hazards ?? []);
    ratio *= (1 - (router?.forwardLoss ?? 0)) * arrives(router?.hazards ?? []);
    tos = router?.rewrites?.tos ?? tos;
    near = link?.far ?? TARGET;
  }
  return ratio;
}

function shapeOfFlow(plan: NetworkPlan, sourcePort: number) {
  const shapes = shapesFor(plan);
  return shapes[SOURCE_PORTS.indexOf(sourcePort) % shapes.length] ?? SMALL;
}

/** Packets that tell: those that every hazard spares, and those that it hits. */
function shapesFor({ links, routers, family }: NetworkPlan) {
  const filters = [...links, ...routers].flatMap(({ hazards }) => hazards.map(({ only }) => only));
  const sizes = filters.flatMap(({ bytesMin }) => bytesMin ?? []);
  const narrow = links.flatMap(({ mtu }) => (mtu < 1500 ? [mtu + 1] : []));
  const classes = filters.flatMap(({ dscp }) => (dscp === undefined ? [] : [dscp << 2]));
  const smallest = { ...SMALL, lengthBytes: family === 4 ? 40 : 60 };
  return [
    smallest,
    ...[...sizes, ...narrow].map((lengthBytes) => ({ ...smallest, lengthBytes })),
    ...classes.map((tos) => ({ ...smallest, tos: tos === 0 ? 184 : tos })),
  ];
}

/** The first times of a plan in which nothing changes; one when nothing ever does. */
function spansOf({ links, routers, routes }: NetworkPlan): readonly Span[] {
  const windows = [
    ...[...links, ...routers].flatMap(({ hazards }) => hazards.map(({ window }) => window)),
    ...routes.map(({ window }) => window),
  ].filter((window) => !isAlways(window));
  const edges = new Set([0]);
  for (const { fromUs, untilUs, periodUs, activeUs } of windows) {
    edges.add(fromUs);
    if (Number.isFinite(untilUs)) edges.add(untilUs);
    for (let n = 0; Number.isFinite(periodUs) && n < SPANS_MAX; n++) {
      edges.add(fromUs + n * periodUs).add(fromUs + n * periodUs + activeUs);
    }
  }
  const sortedEdges = [...edges].sort((a, b) => a - b);
  return sortedEdges.slice(0, SPANS_MAX).map((fromUs, i) => ({
    fromUs,
    untilUs: sortedEdges[i + 1] ?? (windows.length === 0 ? NEVER_US : fromUs + LAST_SPAN_US),
  }));
}

const NEVER_US = Number.MAX_SAFE_INTEGER;

function sorted(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
