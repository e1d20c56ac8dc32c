import { describe, expect, test } from 'vitest';
import type { ProbeReply, ReplyKind } from '../../model/probe.ts';
import { Trace } from './trace.ts';
import type { TraceSettings } from './trace-options.ts';
import type { TraceProbe } from './trace-probes.ts';

const MS = 1000;
const SETTINGS: TraceSettings = {
  firstTtl: 1,
  maxTtl: 12,
  queries: 1,
  retries: 0,
  timeoutUs: 1000 * MS,
  parallelTtls: 255,
  gapLimit: 0,
  maxTimeUs: Number.POSITIVE_INFINITY,
};

/** How a hop answers: by whom (an index), after how long, as what. */
interface Answer {
  readonly by: number;
  readonly rttMs: number;
  readonly kind?: ReplyKind;
  readonly isTarget?: boolean;
  readonly quotedTtl?: number;
}

type AnswerAt = (ttl: number, round: number) => Answer | 'refused' | undefined;

/** A network that answers each (TTL, round) at its time; time jumps from event to event. */
class FakeNetwork {
  readonly ordered: string[] = [];
  nowUs = 0;
  readonly #answerAt: AnswerAt;
  readonly #queue: { ttl: number; round: number }[] = [];
  #arrivals: { atUs: number; reply: ProbeReply }[] = [];

  constructor(answerAt: AnswerAt) {
    this.#answerAt = answerAt;
  }

  readonly order = (ttl: number, round: number): void => {
    this.ordered.push(`${ttl}.${round}`);
    this.#queue.push({ ttl, round });
  };

  get hasOrders(): boolean {
    return this.#queue.length > 0;
  }

  send(trace: Trace): void {
    for (const { ttl, round } of this.#queue.splice(0)) {
      const answer = this.#answerAt(ttl, round);
      if (answer === 'refused') trace.unsent(ttl, round, 'EPERM');
      else trace.sent(ttl, round, this.nowUs);
      if (answer === undefined || answer === 'refused') continue;
      const atUs = this.nowUs + answer.rttMs * MS;
      this.#arrivals.push({ atUs, reply: replyOf(ttl, round, answer) });
    }
    this.#arrivals.sort((a, b) => a.atUs - b.atUs);
  }

  moveOn(trace: Trace): void {
    const arrivalUs = this.#arrivals[0]?.atUs ?? Number.POSITIVE_INFINITY;
    this.nowUs = Math.min(arrivalUs, trace.deadlineUs());
    if (this.nowUs === Number.POSITIVE_INFINITY) throw new Error('nothing will ever happen');
    const due = this.#arrivals.filter(({ atUs }) => atUs <= this.nowUs);
    this.#arrivals = this.#arrivals.filter(({ atUs }) => atUs > this.nowUs);
    for (const { reply } of due) trace.replied(reply);
  }
}

function run(settings: Partial<TraceSettings>, answerAt: AnswerAt) {
  const network = new FakeNetwork(answerAt);
  const trace = new Trace({ ...SETTINGS, ...settings }, network, 0);
  while (trace.stopReason === undefined) {
    network.send(trace);
    trace.advance(network.nowUs);
    if (trace.stopReason === undefined && !network.hasOrders) network.moveOn(trace);
  }
  const hops = trace.hops.map((hop) => hop.firstReply?.responder ?? null);
  const { ordered, nowUs } = network;
  return { trace, hops, ordered, stopReason: trace.stopReason, tookMs: nowUs / MS };
}

function replyOf(ttl: number, round: number, answer: Answer): ProbeReply {
  const { by: responder, rttMs, kind = 'time-exceeded', isTarget = false, quotedTtl = 1 } = answer;
  const rest = { code: 0, replyTtl: 60, quotedTtl, mpls: [] };
  return { flow: 0, ttl, round, kind, responder, isTarget, rttUs: rttMs * MS, ...rest };
}

/** Routers 1, 2, 3 … and a target at some TTL, all with one round trip. */
function path(targetTtl: number, rttMs: number, silent: readonly number[] = []) {
  return (ttl: number): Answer | undefined => {
    if (silent.includes(ttl)) return undefined;
    if (ttl < targetTtl) return { by: ttl, rttMs };
    return { by: 99, rttMs, kind: 'unreachable', isTarget: true };
  };
}

describe('a path that answers', () => {
  test('takes one round trip, whatever its length', () => {
    const { hops, stopReason, tookMs } = run({}, path(8, 20));
    expect(hops).toEqual([1, 2, 3, 4, 5, 6, 7, 99]);
    expect({ stopReason, tookMs }).toEqual({ stopReason: 'reached', tookMs: 20 });
  });

  test('with three probes a hop takes two, and spares the target', () => {
    const { trace, ordered, tookMs } = run({ queries: 3, maxTtl: 30 }, path(8, 20));
    expect(tookMs).toBe(40);
    expect(ordered).toHaveLength(30 + 8 * 2);
    expect(trace.hops.map(({ probes }) => probes.length)).toEqual(new Array(8).fill(3));
  });

  test('with few TTLs at a time is probed no further than needed', () => {
    const { ordered, tookMs } = run({ parallelTtls: 3, maxTtl: 30 }, path(8, 20));
    expect(ordered.length).toBeLessThanOrEqual(10);
    expect(tookMs).toBeLessThanOrEqual(3 * 20 + 20);
  });

  test('can start in the middle', () => {
    expect(run({ firstTtl: 5 }, path(8, 20)).hops).toEqual([5, 6, 7, 99]);
  });

  test('to a neighbour has one hop', () => {
    expect(run({}, path(1, 20)).hops).toEqual([99]);
  });
});

test('a hop that answers after its time is a star, and its answer counts as late', () => {
  const slow = (ttl: number): Answer | undefined =>
    ttl === 2 ? { by: 2, rttMs: 150 } : path(4, 20)(ttl);
  const { hops, trace } = run({ timeoutUs: 100 * MS, retries: 3 }, slow);
  expect(hops).toEqual([1, null, 3, 99]);
  expect(trace.lateReplies).toBe(3); // that to the fourth attempt comes after the end
});

describe('a silent hop', () => {
  test('costs ten round trips of the hop behind it, not the time-out', () => {
    const { hops, stopReason, tookMs } = run({}, path(8, 20, [4]));
    expect(hops).toEqual([1, 2, 3, null, 5, 6, 7, 99]);
    expect({ stopReason, tookMs }).toEqual({ stopReason: 'reached', tookMs: 200 });
  });

  test('costs at least 20 ms', () => {
    expect(run({}, path(8, 0.01, [4])).tookMs).toBe(20);
  });

  test('costs no more than the time-out', () => {
    expect(run({ timeoutUs: 150 * MS }, path(8, 20, [4])).tookMs).toBe(150);
  });

  test('is asked again as often as it is wished', () => {
    const { ordered } = run({ retries: 2 }, path(3, 20, [2]));
    expect(ordered.filter((each) => each.startsWith('2.'))).toEqual(['2.0', '2.1', '2.2']);
  });

  test('that loses one probe of several waits three of its own round trips', () => {
    const answers = path(3, 20);
    const { trace, tookMs } = run({ queries: 2 }, (ttl, round) =>
      ttl === 2 && round === 1 ? undefined : answers(ttl),
    );
    expect(trace.hops[1]?.probes.map(({ state }) => state)).toEqual(['answered', 'lost']);
    expect(tookMs).toBe(20 + 60);
  });
});

describe('a target that does not answer', () => {
  const silentBehind = (ttl: number): Answer | undefined =>
    ttl <= 3 ? { by: ttl, rttMs: 20 } : undefined;

  test('costs one time-out for all TTLs together', () => {
    const { hops, stopReason, tookMs } = run({}, silentBehind);
    expect(hops).toEqual([1, 2, 3, ...new Array(9).fill(null)]);
    expect({ stopReason, tookMs }).toEqual({ stopReason: 'max-ttl', tookMs: 1000 });
  });

  test('ends behind the gap that was allowed', () => {
    const { hops, stopReason } = run({ gapLimit: 4 }, silentBehind);
    expect(hops).toEqual([1, 2, 3, null, null, null, null]);
    expect(stopReason).toBe('gap-limit');
  });

  test('a gap with an answer behind it is no end', () => {
    const { stopReason } = run({ gapLimit: 3 }, path(9, 20, [3, 4, 5, 6]));
    expect(stopReason).toBe('reached');
  });

  test('a trace may be out of time before', () => {
    const { stopReason, tookMs } = run({ maxTimeUs: 300 * MS }, silentBehind);
    expect({ stopReason, tookMs }).toEqual({ stopReason: 'timeout', tookMs: 300 });
  });
});

test('a target slower than the routers, but within the time-out, is reached', () => {
  const { hops, stopReason } = run({}, (ttl) =>
    ttl < 4 ? { by: ttl, rttMs: 5 } : { by: 99, rttMs: 900, kind: 'accepted', isTarget: true },
  );
  expect({ hops, stopReason }).toEqual({ hops: [1, 2, 3, 99], stopReason: 'reached' });
});

test('a router that refuses ends the trace there, and it is not reached', () => {
  const { hops, stopReason } = run({}, (ttl) => {
    return ttl < 4 ? { by: ttl, rttMs: 5 } : { by: 3, rttMs: 5, kind: 'unreachable' };
  });
  expect({ hops, stopReason }).toEqual({ hops: [1, 2, 3, 3], stopReason: 'unreachable' });
});

describe('who limits its answers, and has one left for a far probe alone', () => {
  /** Routers up to TTL 4; what comes to TTL 5 is answered from TTL `from` on, with a true quote. */
  const limited =
    (from: number, rest: Partial<Answer> = { isTarget: true }): AnswerAt =>
    (ttl) => {
      if (ttl < 5) return { by: ttl, rttMs: 20 };
      if (ttl < from) return undefined;
      return { by: 99, rttMs: 20, kind: 'unreachable', quotedTtl: ttl - 4, ...rest };
    };

  test('is the target as near as its quote tells', () => {
    const { hops, stopReason, trace } = run({}, limited(9));
    expect({ hops, stopReason }).toEqual({ hops: [1, 2, 3, 4, 99], stopReason: 'reached' });
    expect(trace.hops[4]?.probes[0]).toMatchObject({
      ttl: 5,
      state: 'answered',
      reply: { ttl: 9 },
    });
  });

  test('is a router that refuses as near as its quote tells', () => {
    const { hops, stopReason } = run({}, limited(9, {}));
    expect({ hops, stopReason }).toEqual({ hops: [1, 2, 3, 4, 99], stopReason: 'unreachable' });
  });

  test('is told to listeners where it is', () => {
    const told: string[] = [];
    const network = new FakeNetwork(limited(7));
    const settled = ({ ttl, reply }: TraceProbe): void => {
      if (ttl >= 5) told.push(`${ttl} ${reply?.ttl ?? '*'}`);
    };
    const trace = new Trace(SETTINGS, { order: network.order, settled }, 0);
    while (trace.stopReason === undefined) {
      network.send(trace);
      trace.advance(network.nowUs);
      if (trace.stopReason === undefined) network.moveOn(trace);
    }
    expect(told).toEqual(['7 7', '6 *', '5 *', '5 7']);
  });

  test('stays where it is without a quote', () => {
    expect(run({}, limited(7, { isTarget: true, quotedTtl: 0 })).hops).toEqual([
      ...[1, 2, 3, 4],
      ...[null, null, 99],
    ]);
  });

  test('is not nearer than a hop that answers, whatever it quotes', () => {
    const liar = limited(7, { isTarget: true, quotedTtl: 7 });
    expect(run({}, liar).hops).toEqual([1, 2, 3, 4, 99]);
    expect(run({}, limited(7, { isTarget: true, quotedTtl: 255 })).hops).toEqual([1, 2, 3, 4, 99]);
  });

  test('is not nearer than the first TTL', () => {
    expect(run({ firstTtl: 6 }, limited(8)).hops).toEqual([99]);
  });

  test('is not where the kernel refused to send', () => {
    const answers = limited(7);
    const { hops } = run({}, (ttl, round) => (ttl === 5 ? 'refused' : answers(ttl, round)));
    expect(hops).toEqual([1, 2, 3, 4, null, null, 99]);
  });
});

describe('who has used up its answers when the further queries come', () => {
  const QUERIES = { queries: 3, maxTtl: 30 };
  /** Routers up to TTL 4; the target answers first probes of these TTLs alone. */
  const spent =
    (ttls: readonly number[], rest: Partial<Answer> = {}): AnswerAt =>
    (ttl, round) => {
      if (ttl < 5) return { by: ttl, rttMs: 20 };
      if (round > 0 || !ttls.includes(ttl)) return undefined;
      return { by: 99, rttMs: ttl, kind: 'unreachable', isTarget: true, ...rest };
    };
  const lastHop = (answerAt: AnswerAt, settings: Partial<TraceSettings> = QUERIES) =>
    run(settings, answerAt)
      .trace.hops.at(-1)
      ?.probes.map(({ ttl, state, reply }) => `${ttl} ${state} ${reply?.ttl}`);
  const ONE_OF_THREE = ['5 answered 5', '5 lost undefined', '5 lost undefined'];

  test('is told with its answers to farther probes, which cost nothing more', () => {
    const asLinux = spent([5, 6, 7, 8, 9, 10]);
    expect(lastHop(asLinux)).toEqual(['5 answered 5', '5 answered 6', '5 answered 7']);
    expect(run(QUERIES, asLinux).ordered).toHaveLength(30 + 5 * 2);
  });

  test('is told with as many as there are', () => {
    expect(lastHop(spent([5, 6]))).toEqual(['5 answered 5', '5 answered 6', '5 lost undefined']);
    expect(lastHop(spent([5]))).toEqual(ONE_OF_THREE);
  });

  test('gives no answer twice where the nearest one is moved', () => {
    const { trace } = run(QUERIES, spent([6, 7], { quotedTtl: 2 }));
    expect(trace.hops.at(-1)?.probes.map(({ reply }) => reply?.ttl)).toEqual([6, 7, undefined]);
  });

  test('is told to listeners', () => {
    const told: string[] = [];
    const network = new FakeNetwork(spent([5, 6, 7]));
    const settled = ({ ttl, round, reply }: TraceProbe): void => {
      if (ttl === 5) told.push(`${round} ${reply?.ttl ?? '*'}`);
    };
    const trace = new Trace({ ...SETTINGS, ...QUERIES }, { order: network.order, settled }, 0);
    while (trace.stopReason === undefined) {
      network.send(trace);
      trace.advance(network.nowUs);
      if (trace.stopReason === undefined && !network.hasOrders) network.moveOn(trace);
    }
    expect(told).toEqual(['0 5', '1 *', '2 *', '1 6', '2 7']);
  });

  test.each([
    ['answers come again behind a silence, as after a loss by chance', spent([5, 6, 7, 9]), {}],
    ['its answers are none that hosts limit', spent([5, 6, 7, 8], { kind: 'accepted' }), {}],
    ['few are missing', spent([5, 6, 7]), { maxTtl: 7 }],
  ] satisfies [string, AnswerAt, Partial<TraceSettings>][])(
    'but has stars where %s',
    (_, answerAt, rest) => {
      expect(lastHop(answerAt, { ...QUERIES, ...rest })).toEqual(ONE_OF_THREE);
    },
  );
});

describe('a loop', () => {
  test.each([2, 3, 4])('of %i routers ends after its second round', (period) => {
    const { hops, stopReason } = run({ maxTtl: 30 }, (ttl) => {
      return { by: ttl <= 2 ? ttl : 10 + ((ttl - 3) % period), rttMs: 5 };
    });
    expect(stopReason).toBe('loop');
    expect(hops).toHaveLength(2 + 2 * period);
  });

  test('is not a hop that answers at two TTLs', () => {
    const { stopReason, hops } = run({}, (ttl) =>
      ttl < 6
        ? { by: ttl === 3 ? 2 : ttl, rttMs: 5 }
        : { by: 99, rttMs: 5, kind: 'echo-reply', isTarget: true },
    );
    expect({ stopReason, length: hops.length }).toEqual({ stopReason: 'reached', length: 6 });
  });
});

test('probes that the kernel refuses are no losses, and not asked for again', () => {
  const { trace, stopReason } = run({ queries: 3, retries: 3, maxTtl: 4 }, () => 'refused');
  expect(stopReason).toBe('max-ttl');
  expect(trace.hops.flatMap(({ probes }) => probes.map(({ error }) => error))).toEqual(
    new Array(4).fill('EPERM'),
  );
});

test('what is aborted keeps what it knows', () => {
  const trace = new Trace(SETTINGS, { order: () => {} }, 0);
  trace.sent(1, 0, 0);
  trace.replied(replyOf(1, 0, { by: 1, rttMs: 5 }));
  trace.abort('aborted');
  expect(trace.stopReason).toBe('aborted');
  expect(trace.hops[0]?.firstReply?.responder).toBe(1);
  expect(trace.deadlineUs()).toBe(Number.POSITIVE_INFINITY);
});

test('a reply to a probe that was never sent, or twice to one, changes nothing', () => {
  const trace = new Trace(SETTINGS, { order: () => {} }, 0);
  trace.replied(replyOf(1, 0, { by: 1, rttMs: 5 }));
  expect(trace.hops[0]?.firstReply).toBeUndefined();
  trace.sent(1, 0, 0);
  for (const by of [1, 2]) trace.replied(replyOf(1, 0, { by, rttMs: 5 }));
  trace.replied(replyOf(200, 0, { by: 7, rttMs: 5 }));
  trace.replied(replyOf(1, 9, { by: 7, rttMs: 5 }));
  expect(trace.hops[0]?.firstReply?.responder).toBe(1);
});
