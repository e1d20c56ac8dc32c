/**
 * A whole isolation in a world, in virtual time: it decides what to probe and when it is sure, the
 * probes leave at the pace of the real pacer, and the world answers.
 */

import { Isolation } from '../../src/algorithms/isolation/isolation.ts';
import type { StopReason } from '../../src/algorithms/isolation/isolation-options.ts';
import { MinHeap } from '../../src/lib/min-heap.ts';
import { Random } from '../../src/lib/random.ts';
import { AddressBook } from '../../src/model/address-book.ts';
import type { ProbeReply, Prober, ProbeSink } from '../../src/model/probe.ts';
import { Pacer } from '../../src/probing/pacer.ts';
import { endsAtFault, isCutOff } from './cut-off.ts';
import { CONFIDENCE, type JudgedLoss, judgeLoss, MIN_LOSS, namedLosses } from './judgement.ts';
import { STOCK_KINDS } from './kinds.ts';
import { evidenceFor, isDetectable } from './oracle.ts';
import { BURST_PACKETS, type TrialOptions } from './trial.ts';
import { forwardClasses, truthOf } from './truth.ts';
import type { World } from './world.ts';
import { drawWorld, PLAN_SECONDS, ROUNDS } from './world-drawing.ts';
import { WorldRun } from './world-run.ts';

/** The defaults of the program. */
const RATES = { perInterface: 100, total: 2000 };
const MAX_TTL = 30;
/** A run that looks for losses as small as these must not end before it has ruled them out. */
const EXCLUDE = MIN_LOSS;
/** Behind stock limits, the defaults of the program: the lab's traps are run with these. */
const STOCK_EXCLUDE = 0.02;
const STOCK_PROBES_MAX = 30_000;

const HOP_US = 500;
/** How long the engine waits for a reply on such short ways. */
const TIMEOUT_US = 400_000;
/** An isolation looks at its counts as often. */
const TICK_US = 200_000;

export interface SequentialResult {
  readonly kind: string;
  readonly seed: number;
  readonly faults: number;
  readonly losses: readonly JudgedLoss[];
  readonly isEndFound: boolean;
  readonly stopReason: StopReason;
  /** Virtual time. */
  readonly seconds: number;
  readonly probes: number;
  /** Those of the fixed plan on the same world. */
  readonly plannedProbes: number;
  /** By fault: whether the counts of this run show it to one who knows where to look. */
  readonly detectable: readonly boolean[];
  /** By fault: probes that had to pass it and would have been answered by one who answers all. */
  readonly evidence: readonly number[];
}

/** A run that is over. */
interface SequentialRun {
  readonly world: World;
  readonly isolation: Isolation;
  readonly stopReason: StopReason;
  readonly seconds: number;
  readonly probes: number;
  readonly plannedProbes: number;
}

export function runSequential(options: TrialOptions): SequentialResult {
  const { world, isolation, ...run } = measureSequential(options);
  const localisation = isolation.localisation();
  const counts = isolation.table.counts();
  const truth = truthOf(world, counts);
  const classes = forwardClasses(world, counts);
  const measured = { world, counts, classes, hasBursts: options.hasBursts };
  const context = { world, graph: localisation.graph };
  return {
    kind: options.kind,
    seed: options.seed,
    faults: world.faults.length,
    losses: namedLosses(localisation).map((loss) => judgeLoss(loss, truth, context)),
    isEndFound: isCutOff(world) && endsAtFault(world, localisation),
    detectable: truth.map((each) => isDetectable(each, measured)),
    evidence: truth.map((each) => evidenceFor(each, measured)),
    ...run,
  };
}

function measureSequential({ kind, seed, hasBursts }: TrialOptions): SequentialRun {
  const world = drawWorld(kind, seed);
  const random = new Random(seed * 2 + Number(hasBursts));
  const meanBurst = hasBursts ? BURST_PACKETS : undefined;
  const prober = new WorldProber(world, { random: random.fork(), meanBurst });
  const isStock = STOCK_KINDS.some(({ name }) => name === kind);
  const ttls = world.flows[0]?.nodes.length ?? 0;
  const plannedProbes = ROUNDS * world.flows.length * ttls;
  const isolation = new Isolation(
    {
      flows: world.flows.length,
      minTtl: 1,
      maxTtl: MAX_TTL,
      confidence: CONFIDENCE,
      minLoss: MIN_LOSS,
      exclude: isStock ? STOCK_EXCLUDE : EXCLUDE,
      maxProbes: isStock ? STOCK_PROBES_MAX : plannedProbes,
      maxTimeUs: PLAN_SECONDS * 1e6,
      target: world.addresses.length - 1,
      source: 'source',
    },
    { random: random.fork(), addresses: addressesOf(world) },
  );
  let nowUs = 0;
  isolation.advance(nowUs, prober);
  while (isolation.stopReason === undefined) {
    nowUs = Math.min(
      nowUs + TICK_US,
      Math.max(nowUs, prober.nextUs()),
      isolation.deadlineUs(nowUs),
    );
    prober.runUntil(nowUs, isolation);
    isolation.advance(nowUs, prober);
  }
  return {
    world,
    isolation,
    stopReason: isolation.stopReason,
    seconds: nowUs / 1e6,
    probes: prober.sent,
    plannedProbes,
  };
}

/** Every address of the world, by its index. */
function addressesOf(world: World): AddressBook {
  const book = new AddressBook();
  for (const index of world.addresses.keys()) {
    const bytes = [10, index >> 16, index >> 8, index].map((byte) => byte & 0xff);
    if (book.indexOf(Uint8Array.from(bytes)) !== index) throw new Error('the book is not in order');
  }
  return book;
}

interface Order {
  readonly flow: number;
  readonly ttl: number;
  readonly round: number;
}

interface Outcome extends Order {
  readonly atUs: number;
  readonly what: 'reply' | 'loss' | 'late';
  readonly rttUs: number;
}

/** Sends into a world, each answering interface at its own pace. */
class WorldProber implements Prober {
  sent = 0;
  readonly #world: World;
  readonly #run: WorldRun;
  readonly #pacer: Pacer;
  readonly #orders: Order[] = [];
  readonly #sentAtUs: number[] = [];
  readonly #outcomes = new MinHeap<Outcome>(({ atUs }, keys, at) => {
    keys[at] = atUs;
  });
  readonly #responders = new Map<number, number>();
  readonly #spared: Order[] = [];

  constructor(
    world: World,
    { random, meanBurst }: { random: Random; meanBurst: number | undefined },
  ) {
    this.#world = world;
    this.#pacer = new Pacer(RATES, random.fork());
    this.#run = new WorldRun(world, {
      random: random.fork(),
      meanBurst,
      onLate: ({ atUs, tag }) => {
        const order = this.#orders[tag];
        const rttUs = atUs - (this.#sentAtUs[tag] ?? 0);
        if (order !== undefined) this.#outcomes.push({ ...order, atUs, what: 'late', rttUs });
      },
    });
  }

  get queued(): number {
    return this.#pacer.queued;
  }

  order(flow: number, ttl: number, round: number): void {
    const known = this.#responders.get(flow * (MAX_TTL + 1) + ttl);
    this.#pacer.enqueue(known ?? -ttl, this.#orders.push({ flow, ttl, round }) - 1);
  }

  slowDown(responder: number): void {
    this.#pacer.slowDown(responder, (job) => {
      const order = this.#orders[job];
      if (order !== undefined) this.#spared.push(order);
    });
  }

  speedUp(responder: number): void {
    this.#pacer.speedUp(responder);
  }

  /** When something happens next. */
  nextUs(): number {
    return Math.min(
      this.#pacer.nextDueUs(),
      this.#outcomes.peek()?.atUs ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Sends what may leave, and tells what has become of what was sent. */
  runUntil(nowUs: number, sink: ProbeSink): void {
    for (const { flow, ttl, round } of this.#spared.splice(0)) sink.unsent(flow, ttl, round);
    this.#run.repeatUntil(nowUs);
    for (let job = this.#pacer.next(nowUs); job !== undefined; job = this.#pacer.next(nowUs)) {
      this.#send(job, nowUs);
    }
    while ((this.#outcomes.peek()?.atUs ?? Number.POSITIVE_INFINITY) <= nowUs) {
      const outcome = this.#outcomes.pop();
      if (outcome !== undefined) this.#tell(outcome, sink);
    }
  }

  #send(job: number, nowUs: number): void {
    const order = this.#orders[job];
    const flow = this.#world.flows[order?.flow ?? -1];
    if (order === undefined || flow === undefined) return;
    this.sent++;
    this.#sentAtUs[job] = nowUs;
    const ttl = Math.min(order.ttl, flow.nodes.length);
    const isAnswered = this.#run.isAnswered({ flow: order.flow, ttl, tag: job }, nowUs);
    const rttUs = isAnswered ? 2 * ttl * HOP_US : TIMEOUT_US;
    const what = isAnswered ? 'reply' : 'loss';
    this.#outcomes.push({ ...order, atUs: nowUs + rttUs, what, rttUs });
  }

  #tell({ flow, ttl, round, what, rttUs }: Outcome, sink: ProbeSink): void {
    if (what === 'loss') {
      sink.lost(flow, ttl, round);
      return;
    }
    const { addresses = [] } = this.#world.flows[flow] ?? {};
    const isTarget = ttl >= addresses.length;
    const responder = addresses[Math.min(ttl, addresses.length) - 1] ?? -1;
    const reply: ProbeReply = {
      flow,
      ttl,
      round,
      kind: isTarget ? 'accepted' : 'time-exceeded',
      responder,
      isTarget,
      code: 0,
      rttUs,
      replyTtl: 64,
      quotedTtl: isTarget ? 0 : 1,
      mpls: [],
    };
    this.#responders.set(flow * (MAX_TTL + 1) + ttl, responder);
    if (what === 'reply') sink.replied(reply);
    else sink.repliedLate(reply);
  }
}
