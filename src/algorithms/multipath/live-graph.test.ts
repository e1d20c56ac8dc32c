import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import type { ProbeReply } from '../../model/probe.ts';
import { LiveGraph } from './live-graph.ts';
import { Observations } from './observations.ts';
import { drawGraph, type GraphSettings, type RouteGraph } from './route-graph.ts';

const RUNS = 60;
const EVENTS = 100;
const MAX_TTL = 9;
const FLOWS = 14;

/** All that there is to a graph, in its order. */
function shown({ vertices, byTtl, vertexAt }: RouteGraph): string {
  const places = vertices.map(({ successors, predecessors, star, clump, ...vertex }) => ({
    ...vertex,
    flows: [...vertex.flows],
    members: [...vertex.members],
    successors: [...successors].map(([far, count]) => [far.key, count]),
    predecessors: [...predecessors].map(({ key }) => key),
    star: star?.key,
    clump: clump?.key,
  }));
  const walks = Array.from({ length: FLOWS + 2 }, (_, flow) =>
    Array.from({ length: MAX_TTL + 1 }, (__, ttl) => vertexAt(flow, ttl)?.key),
  );
  const hops = byTtl.map((hop) => hop.map(({ key }) => key));
  return JSON.stringify({ places, hops, walks });
}

interface World {
  readonly random: Random;
  /** How many answer at each TTL, from 1 on. */
  readonly widths: readonly number[];
  readonly lossRatio: number;
  /** Where an answer ends the path. */
  readonly endTtl: number;
  readonly sprayers: Set<string>;
}

function worldOf(seed: number): World {
  const random = new Random(seed);
  const widths = Array.from({ length: MAX_TTL }, () =>
    random.unit() < 0.5 ? 1 : random.below(4) + 1,
  );
  return {
    random,
    widths,
    lossRatio: seed % 3 === 0 ? 0.15 : 0,
    endTtl: 3 + random.below(MAX_TTL - 2),
    sprayers: new Set(),
  };
}

function replyAt(flow: number, ttl: number, { random, widths, endTtl }: World): ProbeReply {
  const width = widths[ttl - 1] ?? 1;
  // Now and then another than the flow's own, or one from before: changes, balancers, loops.
  const isStray = random.unit() < 0.02;
  const place = isStray ? random.below(width) : (flow * 7 + ttl * 3) % width;
  const at = random.unit() < 0.01 ? Math.max(1, ttl - 2) : ttl;
  const isTarget = ttl >= endTtl;
  const kind = isTarget ? 'unreachable' : 'time-exceeded';
  return {
    flow,
    ttl,
    round: 0,
    responder: isTarget ? 1000 : at * 10 + place,
    rttUs: 1,
    isTarget,
    kind,
    code: 0,
    replyTtl: 64,
    quotedTtl: 1,
    mpls: [],
  } as ProbeReply;
}

/** One thing that happens; what is under way is most likely to be answered. */
function happen(observations: Observations, awaited: [number, number][], world: World): void {
  const { random, lossRatio } = world;
  if (awaited.length > 0 && random.unit() < 0.6) {
    const [[flow, ttl] = [0, 1]] = awaited.splice(random.below(awaited.length), 1);
    const luck = random.unit();
    if (luck < lossRatio) observations.lost(flow, ttl);
    else if (luck < lossRatio * 1.1) observations.unsent(flow, ttl);
    else observations.replied(replyAt(flow, ttl, world));
    return;
  }
  if (random.unit() < 0.005) observations.forgetAll();
  if (lossRatio > 0 && random.unit() < 0.05) {
    observations.repliedLate(replyAt(random.below(FLOWS), 1 + random.below(MAX_TTL), world));
  }
  const flow = random.below(FLOWS);
  const ttl = 1 + random.below(MAX_TTL);
  observations.ordered(flow, ttl);
  awaited.push([flow, ttl]);
}

/** Compares them moment by moment. @returns in how many the graph was not drawn anew */
function comparedRun(seed: number): number {
  const world = worldOf(seed);
  const { random, sprayers } = world;
  const observations = new Observations();
  const live = new LiveGraph(observations);
  const awaited: [number, number][] = [];
  const settings: GraphSettings = { sprayers, maxTtl: MAX_TTL, narrowFlows: 4 };
  let before: RouteGraph | undefined;
  let kept = 0;
  for (let event = 0; event < EVENTS; event++) {
    for (let i = random.below(4); i >= 0; i--) happen(observations, awaited, world);
    const graph = live.graph(settings);
    const [seen, expected] = [shown(graph), shown(drawGraph(observations, settings).graph)];
    if (seen !== expected) expect(seen, `seed ${seed}, event ${event}`).toBe(expected);
    if (graph === before) kept++;
    before = graph;
    const vertex = graph.vertices[random.below(graph.vertices.length)];
    if (vertex !== undefined && random.unit() < 0.01) sprayers.add(vertex.key);
  }
  return kept;
}

test('a graph that is kept up is the one that would be drawn anew, at every moment', () => {
  let kept = 0;
  for (let seed = 0; seed < RUNS; seed++) kept += comparedRun(seed);
  expect(kept).toBeGreaterThan(0.1 * RUNS * EVENTS); // else it shows nothing
});
