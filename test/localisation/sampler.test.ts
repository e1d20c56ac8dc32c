/**
 * The sampler of the bench counts what the packet simulator would: the same small worlds in both,
 * many seeds, and every summary of their counts compared by a two-sample Kolmogorov-Smirnov test,
 * by its mean and by its variance. All of them together would fail by chance with one in a hundred
 * sets of seeds.
 */

import { describe, expect, it } from 'vitest';
import { sampleCounts } from '../../bench/localisation/sampler.ts';
import type { Fault, RouterTraits, World } from '../../bench/localisation/world.ts';
import { PLAN_SECONDS, ROUNDS } from '../../bench/localisation/world-drawing.ts';
import { parseIpAddress } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import { lengthMin, writeProbe } from '../../src/sim/probe-writer.ts';
import { type SimulatedNetwork, simulate } from '../../src/sim/simulated-network.ts';
import { isMalformed } from '../../src/wire/malformed.ts';
import { readReply } from '../../src/wire/reply-reader.ts';

const SEEDS = 300;
const FLOWS = 8;
const FALSE_ALARM = 0.01;
const FIRST_PORT = 40_000;
const ANSWER_US = 500_000;
/** Of the repeats of a SYN-ACK two come before, after 1 s and after 3 s. */
const LATE_US = 4_000_000;
/**
 * Between rounds: a target may await the end of a handshake for so long, and then answers no other
 * SYN of its flow. The sampler knows nothing of that. Limits would recover meanwhile, so that it is
 * left out where there are any.
 */
const PAUSE_US = 64_000_000;

/** A diamond; what r4 sends back goes by r3. */
const NODES = ['source', 'r1', 'r2', 'r3', 'r4', 'target'];
const LINKS = [
  ['source', 'r1'],
  ['r1', 'r2'],
  ['r1', 'r3'],
  ['r2', 'r4'],
  ['r3', 'r4'],
  ['r4', 'target'],
] as const;
const [S_R1, R1_R2, R1_R3, R2_R4, R3_R4, R4_T] = [0, 1, 2, 3, 4, 5];
const RETURN_CABLES: readonly (readonly number[])[] = [
  [],
  [S_R1],
  [R1_R2, S_R1],
  [R1_R3, S_R1],
  [R3_R4, R1_R3, S_R1],
  [R4_T, R3_R4, R1_R3, S_R1],
];
const USUAL: RouterTraits = { isSilent: false, answerRatio: 1, limit: undefined };

interface Case {
  readonly shows: string;
  readonly baseLoss: number;
  readonly routers?: Readonly<Record<number, Partial<RouterTraits>>>;
  readonly faults?: readonly (Partial<Fault> & Pick<Fault, 'element' | 'lossRatio'>)[];
  readonly meanBurst?: number;
}

const CASES: readonly Case[] = [
  { shows: 'loss of every link both ways, and late SYN-ACKs', baseLoss: 0.05 },
  {
    shows: 'limited, flaky and silent routers',
    baseLoss: 0.01,
    routers: {
      1: { limit: { perSecond: 1.1, burst: 5 } },
      2: { answerRatio: 0.6 },
      3: { limit: { perSecond: 0.4, burst: 1 } },
      4: { isSilent: true },
    },
  },
  {
    shows: 'a router that loses what it forwards',
    baseLoss: 0.001,
    faults: [{ element: { kind: 'router', node: 2 }, lossRatio: 0.3 }],
  },
  {
    shows: 'a hash bucket that loses everything behind a lossy link',
    baseLoss: 0.001,
    faults: [
      { element: { kind: 'cable', cable: R4_T }, lossRatio: 1, bucket: { of: 8, index: 0 } },
      { element: { kind: 'cable', cable: S_R1 }, lossRatio: 0.1 },
    ],
  },
  {
    shows: 'loss on the way back, mostly of the target',
    baseLoss: 0.001,
    faults: [{ element: { kind: 'cable', cable: R3_R4 }, direction: 'return', lossRatio: 0.4 }],
  },
  {
    shows: 'loss in bursts',
    baseLoss: 0,
    meanBurst: 8,
    faults: [
      { element: { kind: 'cable', cable: S_R1 }, lossRatio: 0.2 },
      { element: { kind: 'cable', cable: R2_R4 }, lossRatio: 0.1 },
    ],
  },
];

/** Chance that one comparison fails although both are the same: of shape, mean and variance. */
const ALPHA = FALSE_ALARM / (CASES.length * 3 * (2 * NODES.length + 4));

describe('the sampler of the bench', () => {
  for (const each of CASES) {
    it(`counts as the packet simulator does: ${each.shows}`, () => {
      const [fast, slow]: Map<string, number[]>[] = [new Map(), new Map()];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const network = simulate(scenarioOf(each), { seed });
        const world = worldOf(each, network);
        const sampled = sampleCounts(world, {
          random: new Random(seed),
          meanBurst: each.meanBurst,
        }).flows.map(({ received, answeredLate }) => ({ received, late: answeredLate }));
        note(fast as Map<string, number[]>, world, sampled);
        note(slow as Map<string, number[]>, world, probed(network, world, new Random(-seed)));
      }
      for (const [summary, values] of fast ?? []) {
        const others = slow?.get(summary) ?? [];
        expect(ksDistance(values, others), `distribution of ${summary}`).toBeLessThan(
          Math.sqrt(-Math.log(ALPHA / 2) / SEEDS),
        );
        const bound = normalQuantile(ALPHA / 2);
        expect(meanDistance(values, others), `mean of ${summary}`).toBeLessThan(bound);
        expect(spreadDistance(values, others), `variance of ${summary}`).toBeLessThan(bound);
      }
    }, 60_000);
  }
});

function scenarioOf({ baseLoss, routers = {}, faults = [], meanBurst }: Case): object {
  const loss = { forwardLoss: baseLoss, returnLoss: baseLoss };
  return {
    shows: 'a world of the bench',
    links: LINKS.map(([near, far], cable) => ({
      near,
      far,
      ...loss,
      ...(cable === R2_R4 ? { direction: 'forward' } : {}),
    })),
    routers: Object.fromEntries(
      Object.entries(routers).map(([node, { isSilent, answerRatio, limit }]) => [
        NODES[Number(node)],
        {
          ...(isSilent ? { silent: true } : {}),
          ...(answerRatio === undefined ? {} : { answerRatio }),
          ...(limit === undefined ? {} : { icmpLimit: limit }),
        },
      ]),
    ),
    faults: faults.map(({ element, direction = 'forward', lossRatio, bucket }) => ({
      ...(element.kind === 'cable'
        ? { link: LINKS[element.cable] }
        : { router: NODES[element.node] }),
      [direction === 'forward' ? 'forwardLoss' : 'returnLoss']: lossRatio,
      ...(meanBurst === undefined ? {} : { burst: meanBurst }),
      ...(bucket === undefined ? {} : { only: { sourcePort: FIRST_PORT } }),
    })),
    target: { answer: 'accept' },
    truth: { verdict: 'inconclusive' },
  };
}

/** The same with the paths that the simulator gives the flows; the first flow alone is in bucket 0. */
function worldOf({ baseLoss, routers = {}, faults = [] }: Case, network: SimulatedNetwork): World {
  return {
    name: 'small',
    kind: 'none',
    fabric: 'layered',
    naming: 'router',
    cables: LINKS.map(([near, far]) => ({ near: NODES.indexOf(near), far: NODES.indexOf(far) })),
    routers: NODES.map((_, node) =>
      node === 0 || node === NODES.length - 1 ? undefined : { ...USUAL, ...routers[node] },
    ),
    addresses: RETURN_CABLES.map((returnCables, node) => ({ node, returnCables })),
    flows: Array.from({ length: FLOWS }, (_, flow) => {
      const path = network.pathOf({ sourcePort: FIRST_PORT + flow });
      const nodes = path.filter((name) => name !== 'source').map((name) => NODES.indexOf(name));
      return {
        nodes,
        cables: nodes.map((node, hop) =>
          LINKS.findIndex(
            ([near, far]) =>
              NODES.indexOf(near) === (nodes[hop - 1] ?? 0) && NODES.indexOf(far) === node,
          ),
        ),
        addresses: nodes,
        returnCables: RETURN_CABLES.at(-1) ?? [],
        hash: flow === 0 ? 0 : 0.9,
      };
    }),
    baseLoss,
    faults: faults.map((fault) => ({ direction: 'forward', bucket: undefined, ...fault })),
  };
}

interface FlowAnswers {
  readonly received: readonly number[];
  readonly late: number;
}

/** Permuted rounds at the pace of the sampler, with packets. */
function probed({ plan, link }: SimulatedNetwork, world: World, random: Random): FlowAnswers[] {
  const [source, destination] = [plan.source[4], plan.target.address[4]].map(
    (text) => parseIpAddress(text) ?? new Uint8Array(4),
  ) as [Uint8Array, Uint8Array];
  const ttls = world.flows[0]?.nodes.length ?? 0;
  const answers = world.flows.map(() => ({ received: new Array<number>(ttls).fill(0), late: 0 }));
  const cells = Array.from({ length: FLOWS * ttls }, (_, cell) => cell);
  const gapUs = (PLAN_SECONDS * 1e6) / (ROUNDS * cells.length);
  const pauseUs = world.routers.some((router) => router?.limit !== undefined) ? 0 : PAUSE_US;
  const sent: { cell: number; atUs: number }[] = [];
  const settle = (packet: Uint8Array, atUs: number): void => {
    const reply = readReply(packet);
    const token = isMalformed(reply) ? -1 : tokenOf(reply);
    const probe = sent[token];
    const answer = answers[Math.floor((probe?.cell ?? -1) / ttls)];
    if (probe === undefined || answer === undefined) throw new Error('a reply to no probe');
    const hop = probe.cell % ttls;
    if (atUs - probe.atUs < ANSWER_US) answer.received[hop] = (answer.received[hop] ?? 0) + 1;
    else if (atUs - probe.atUs < LATE_US) answer.late++;
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const cell of random.shuffle(cells)) {
      const atUs = Math.round(sent.length * gapUs + round * pauseUs);
      const packet = writeProbe({
        source,
        destination,
        protocol: 'tcp',
        ttl: (cell % ttls) + 1,
        tos: 0,
        sourcePort: FIRST_PORT + Math.floor(cell / ttls),
        port: plan.target.port,
        lengthBytes: lengthMin(4, 'tcp'),
        token: sent.length,
      });
      link.outbox.bytes.set(packet);
      link.outbox.lengths[0] = packet.length;
      link.receive(atUs, settle);
      link.send(1, atUs);
      sent.push({ cell, atUs });
    }
  }
  link.receive(Number.MAX_SAFE_INTEGER, settle);
  return answers;
}

function tokenOf(reply: Exclude<ReturnType<typeof readReply>, { malformed: unknown }>): number {
  if (reply.kind === 'tcp') return reply.acknowledgment - 1;
  if (reply.kind !== 'icmp-error' || reply.quote.transport.kind !== 'tcp') return -1;
  return reply.quote.transport.sequence;
}

/** One number each: independent from seed to seed. */
function note(
  summaries: Map<string, number[]>,
  { flows }: World,
  answers: readonly FlowAnswers[],
): void {
  const add = (summary: string, value: number): void => {
    summaries.set(summary, [...(summaries.get(summary) ?? []), value]);
  };
  for (const [node, name] of NODES.entries()) {
    const counts = flows.flatMap(({ nodes }, flow) =>
      nodes.flatMap((at, hop) => (at === node ? [answers[flow]?.received[hop] ?? 0] : [])),
    );
    add(
      `answers of ${name}`,
      counts.reduce((sum, count) => sum + count, 0),
    );
    add(
      `squared answers of ${name}`,
      counts.reduce((sum, count) => sum + count ** 2, 0),
    );
  }
  const first = answers[0];
  add('answers of the target to the first flow', first?.received.at(-1) ?? 0);
  add('answers of the first hop to the first flow', first?.received[0] ?? 0);
  add(
    'late answers',
    answers.reduce((sum, { late }) => sum + late, 0),
  );
  add('late answers of the first flow', first?.late ?? 0);
}

/** Largest distance of the empirical distribution functions (Kolmogorov and Smirnov). */
function ksDistance(a: readonly number[], b: readonly number[]): number {
  const below = (values: readonly number[], bound: number): number =>
    values.filter((value) => value <= bound).length / values.length;
  return Math.max(...[...new Set([...a, ...b])].map((at) => Math.abs(below(a, at) - below(b, at))));
}

/** In standard errors; 0 where both are constant and the same. */
function meanDistance(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [momentsOf(a), momentsOf(b)];
  const distance = Math.abs(first.mean - second.mean);
  return distance === 0 ? 0 : distance / Math.sqrt(first.error ** 2 + second.error ** 2);
}

/** Of the logarithms of the variances, in standard errors; 0 where both are constant. */
function spreadDistance(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [momentsOf(a), momentsOf(b)];
  if (first.variance === 0 && second.variance === 0) return 0;
  const error = Math.sqrt((first.kurtosis + second.kurtosis - 2) / a.length);
  return Math.abs(Math.log(first.variance / second.variance)) / error;
}

function momentsOf(values: readonly number[]): {
  mean: number;
  error: number;
  variance: number;
  kurtosis: number;
} {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const fourth = values.reduce((sum, value) => sum + (value - mean) ** 4, 0) / count;
  return { mean, error: Math.sqrt(variance / count), variance, kurtosis: fourth / variance ** 2 };
}

/** An upper bound of the normal quantile: the chance beyond is at most `tail`. */
function normalQuantile(tail: number): number {
  return Math.sqrt(-2 * Math.log(tail));
}
