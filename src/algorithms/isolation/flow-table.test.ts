import { describe, expect, test } from 'vitest';
import { replyFrom, tableOf, teachRound } from '../../../test/support/learned-table.ts';
import { flowOf, type Hop, TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import { type FlowCounts, STAR } from '../../model/path-counts.ts';
import { FlowTable } from './flow-table.ts';

const OPTIONS = { flows: 2, minTtl: 1, maxTtl: 8, target: TARGET_ADDRESS };

describe('a round', () => {
  test('counts only when the outcome of all its probes is known', () => {
    const table = new FlowTable(OPTIONS);
    const round = table.startRound();
    table.ordered();
    table.ordered();
    table.replied(replyFrom(7, { flow: 0, ttl: 1, round }));
    expect(table.commitRounds()).toBe(0);
    expect(table.counts().flows[0]?.sent).toEqual([]);
    table.lost(0, 1, round);
    expect(table.commitRounds()).toBe(1);
    expect(table.counts().flows[0]).toMatchObject({ sent: [2], received: [1] });
    expect(table.openRounds).toBe(0);
  });

  test('waits for those before it', () => {
    const table = new FlowTable(OPTIONS);
    const first = table.startRound();
    table.ordered();
    const second = table.startRound();
    table.ordered();
    table.lost(0, 1, second);
    expect([table.commitRounds(), table.openRounds]).toEqual([0, 2]);
    table.lost(0, 1, first);
    expect([table.commitRounds(), table.openRounds]).toEqual([2, 0]);
  });

  test('is over without its unsent probes', () => {
    const table = new FlowTable(OPTIONS);
    const round = table.startRound();
    table.ordered();
    table.ordered();
    table.replied(replyFrom(7, { flow: 0, ttl: 1, round }));
    table.unsent(round);
    expect(table.commitRounds()).toBe(1);
    expect(table.counts().flows[0]).toMatchObject({ sent: [1], received: [1] });
  });

  test('that is over takes no more outcomes', () => {
    const table = tableOf([[7, 'T']]);
    table.lost(0, 1, 0);
    table.unsent(0);
    expect(table.counts().flows[0]).toMatchObject({ sent: [1, 1], received: [1, 1] });
  });
});

describe('what is known of a flow', () => {
  const PATHS: Hop[][] = [
    [1, 2, 'T'],
    [1, '*', 3, 'T'],
    [1, 4, '*', '*'],
    ['*', '*'],
  ];
  const table = tableOf(PATHS, 2);

  test('is its path, to where it ends', () => {
    expect(table.counts().flows.map(({ responders }) => responders)).toEqual([
      [1, 2, TARGET_ADDRESS],
      [1, STAR, 3, TARGET_ADDRESS],
      [1, 4, STAR, STAR],
      [STAR, STAR],
    ]);
  });

  test('are its counts', () => {
    expect(table.counts().flows).toEqual(
      PATHS.map((path) => ({
        ...flowOf(path, 2),
        responders: table.counts().flows[PATHS.indexOf(path)]?.responders,
        lostIn: path.map((answer) => (answer === '*' ? [0, 1] : [])),
        sentIn: path.map(() => [0, 1]),
      })),
    );
  });

  test('is the hop of the target, each flow its own', () => {
    expect(PATHS.map((_, flow) => table.reachedHop(flow))).toEqual([2, 3, undefined, undefined]);
    expect(PATHS.map((_, flow) => table.lastKnownHop(flow))).toEqual([1, 2, 1, -1]);
    expect(table.responderAt(1, 3)).toBe(TARGET_ADDRESS);
    expect(table.responderAt(1, 1)).toBe(STAR);
  });
});

test('a flow ends at the nearest hop at which the target answers', () => {
  const table = tableOf([[1, '*', '*', 'T']]);
  teachRound(table, [[1, '*', 'T', 'T']]);
  expect(table.counts().flows[0]).toMatchObject({ sent: [2, 2, 2], received: [2, 0, 1] });
});

test('a time exceeded from the target’s own address is that of a router', () => {
  const table = new FlowTable(OPTIONS);
  const round = table.startRound();
  table.ordered();
  const reply = replyFrom('T', { flow: 0, ttl: 2, round });
  table.replied({ ...reply, kind: 'time-exceeded' });
  expect(table.reachedHop(0)).toBeUndefined();
  expect(table.responderAt(0, 1)).toBe(TARGET_ADDRESS);
});

describe('another responder', () => {
  test('seen once is passed over', () => {
    const table = tableOf([[1, 2, 'T']], 3);
    teachRound(table, [[1, 9, 'T']]);
    teachRound(table, [[1, 2, 'T']]);
    teachRound(table, [[1, 9, 'T']]);
    expect(table.hasChangedPath(0)).toBe(false);
    expect(table.counts().flows[0]).toMatchObject({
      responders: [1, 2, TARGET_ADDRESS],
      sent: [6, 6, 6],
    });
  });

  test('seen twice in a row is another path, with counts of its own', () => {
    const table = tableOf([[1, 2, 'T']], 3);
    for (let i = 0; i < 4; i++) teachRound(table, [[1, 9, 'T']]);
    expect(table.hasChangedPath(0)).toBe(true);
    const { counts, flowOf, changes } = table.measured();
    expect(flowOf).toEqual([0, 0]);
    expect(counts.flows).toMatchObject([
      { responders: [1, 9, TARGET_ADDRESS], sent: [4, 4, 4], received: [4, 4, 4] },
      { responders: [1, 2, TARGET_ADDRESS], sent: [3, 3, 3], received: [3, 3, 3] },
    ]);
    const change = { hop: 1, fromUs: 2, toUs: 3, probesLost: 0, isRestless: false };
    expect(changes).toEqual([{ flow: 0, ...change }]);
  });

  test('takes what was lost during the change out of all counts', () => {
    const table = tableOf([[1, 2, 'T']], 3);
    teachRound(table, [[1, '*', '*']]);
    for (let i = 0; i < 3; i++) teachRound(table, [[1, 9, 'T']]);
    const { counts, changes } = table.measured();
    const lost = counts.flows.flatMap(({ sent, received }) =>
      sent.map((count, hop) => count - (received[hop] ?? 0)),
    );
    expect(lost.every((count) => count === 0)).toBe(true);
    expect(changes).toMatchObject([{ fromUs: 2, toUs: 4, probesLost: 2 }]);
  });

  test('of one flow leaves the others as they are', () => {
    const table = tableOf(
      [
        [1, 2, 'T'],
        [1, 3, 'T'],
      ],
      2,
    );
    teachRound(table, [
      [1, 9, 'T'],
      [1, 3, 'T'],
    ]);
    teachRound(table, [
      [1, 9, 'T'],
      [1, 3, 'T'],
    ]);
    expect([table.hasChangedPath(0), table.hasChangedPath(1)]).toEqual([true, false]);
    expect(table.counts().flows[1]?.sent).toEqual([4, 4, 4]);
  });

  test('in every round leaves no path to measure, and is told', () => {
    const table = tableOf([[1, 2, 'T']]);
    for (let i = 0; i < 8; i++) teachRound(table, [[1, 10 + i, 'T']]);
    expect(table.counts().flows[0]?.sent).toEqual([]);
    expect(table.measured().changes).toMatchObject([{ flow: 0, hop: 1, isRestless: true }]);
    expect(table.hasChangedPath(0)).toBe(true);
  });

  test('and back again, many times, gives two paths, each with all that was sent on it', () => {
    const table = tableOf([[1, 2, 'T']], 0);
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 4; j++) teachRound(table, [[1, i % 2 === 0 ? 2 : 9, 'T']]);
    }
    const { counts, flowOf, changes } = table.measured();
    expect(flowOf).toEqual([0, 0]);
    expect(counts.flows).toMatchObject([
      { responders: [1, 9, TARGET_ADDRESS], sent: [12, 12, 12] },
      { responders: [1, 2, TARGET_ADDRESS], sent: [12, 12, 12] },
    ]);
    expect(changes).toHaveLength(5);
  });

  test('belongs to the path that its time says, not the order in which it became known', () => {
    const table = tableOf([[1, 2, 'T']], 2);
    const round = table.startRound();
    for (let i = 0; i < 3; i++) table.ordered();
    const answers = [
      [9, 30],
      [2, 10],
      [9, 40],
    ] as const;
    for (const [responder, sentAtUs] of answers) {
      table.replied(replyFrom(responder, { flow: 0, ttl: 2, round, sentAtUs }));
    }
    table.commitRounds();
    expect(table.measured().changes).toMatchObject([{ fromUs: 10, toUs: 30 }]);
  });
});

describe('an answer that comes late', () => {
  const lostAtTarget = (): FlowTable => {
    const table = tableOf([[1, 2, 'T']], 2);
    teachRound(table, [[1, 2, '*']]);
    return table;
  };
  const late = replyFrom('T', { flow: 0, ttl: 3, round: 2 });

  test('because it was slow makes good for the loss', () => {
    const table = lostAtTarget();
    table.repliedLate(late);
    expect(table.counts().flows[0]).toMatchObject({ received: [3, 3, 3], answeredLate: 0 });
  });

  test('because it is a repeat leaves the loss, and proves that the probe arrived', () => {
    const table = lostAtTarget();
    table.answeredLate(late);
    expect(table.counts().flows[0]).toMatchObject({ received: [3, 3, 2], answeredLate: 1 });
  });

  test('as a repeat excuses the losses that followed, as the target was still busy', () => {
    const table = lostAtTarget();
    teachRound(table, [[1, 2, '*']]);
    table.answeredLate(late);
    expect(table.counts().flows[0]).toMatchObject({ sent: [4, 4, 3], received: [4, 4, 2] });
  });

  test('as a repeat excuses losses that were sent meanwhile, also in the same round', () => {
    const table = tableOf([['T']], 2);
    const round = table.startRound();
    const sentAtUs = [1000, 1300, 301_000, 302_000];
    for (const atUs of sentAtUs) {
      table.ordered();
      table.lost(0, 1, round, atUs);
    }
    table.answeredLate({
      ...replyFrom('T', { flow: 0, ttl: 1, round, sentAtUs: 1300 }),
      rttUs: 300_000,
    });
    table.ordered();
    table.replied(replyFrom('T', { flow: 0, ttl: 1, round, sentAtUs: 400_000 }));
    table.commitRounds();
    // Lost are the one before, the one that was answered late, and the one after its answer.
    expect(table.counts().flows[0]).toMatchObject({ sent: [6], received: [3], answeredLate: 1 });
  });

  test('as a repeat excuses losses at other TTLs, once those are known to reach the target', () => {
    const table = tableOf([['*', '*', '*', '*']], 0);
    const round = table.startRound();
    for (const ttl of [3, 4]) {
      table.ordered();
      table.lost(0, ttl, round, 1000 * ttl);
    }
    const answered = { ...replyFrom('T', { flow: 0, ttl: 3, round, sentAtUs: 3000 }) };
    table.answeredLate({ ...answered, rttUs: 300_000 });
    table.ordered();
    table.replied(replyFrom('T', { flow: 0, ttl: 2, round, sentAtUs: 400_000 }));
    table.commitRounds();
    expect(table.observationsOf(0).filter(({ answer }) => answer === STAR)).toEqual([]);
  });

  test('to a probe that nobody counts as lost changes nothing', () => {
    const table = lostAtTarget();
    const before = table.counts();
    table.answeredLate({ ...late, round: 1 });
    table.repliedLate({ ...late, round: 1 });
    expect(table.counts()).toEqual(before);
  });
});

describe('a target that accepts connections', () => {
  /** In each round a probe, another 1 ms later, and a third when the first is answered. */
  function countsAfter(seconds: readonly ('lost' | 'answered')[]): FlowCounts | undefined {
    const table = tableOf([['T']], 0);
    const accepted = { kind: 'accepted', rttUs: 20_000 } as const;
    for (const [round, second] of seconds.entries()) {
      expect(table.startRound()).toBe(round);
      for (const afterUs of [0, 1000, 30_000]) {
        const sentAtUs = 1_000_000 * round + afterUs;
        const reply = replyFrom('T', { flow: 0, ttl: 1, round, sentAtUs });
        table.ordered();
        if (afterUs === 1000 && second === 'lost') table.lost(0, 1, round, sentAtUs);
        else table.replied({ ...reply, ...accepted });
      }
      table.commitRounds();
    }
    return table.counts().flows[0];
  }

  test('answers no other probe before the connection of one is reset: that is no loss', () => {
    const counts = countsAfter(['lost', 'lost', 'lost', 'lost']);
    expect(counts).toMatchObject({ sent: [8], received: [8] });
  });

  test('loses what it does not answer, once it has shown that it keeps no connections', () => {
    const counts = countsAfter(['answered', 'answered', 'answered', 'lost']);
    expect(counts).toMatchObject({ sent: [12], received: [11] });
  });
});

describe('a hop that has not answered', () => {
  test.each([
    { rounds: 1, isDoubtful: true },
    { rounds: 3, isDoubtful: true },
    { rounds: 4, isDoubtful: false },
  ])('is doubtful after $rounds probes: $isDoubtful', ({ rounds, isDoubtful }) => {
    const table = tableOf([[1, '*', 3, 'T']], rounds);
    expect(table.isDoubtful(0, 1)).toBe(isDoubtful);
    expect(table.hasDoubtfulHops()).toBe(isDoubtful);
    expect([0, 2, 3].map((hop) => table.isDoubtful(0, hop))).toEqual([false, false, false]);
  });

  test('behind the target is not doubtful', () => {
    const table = tableOf([[1, 'T', '*']]);
    expect(table.isDoubtful(0, 2)).toBe(false);
    expect(table.hasDoubtfulHops()).toBe(false);
  });
});

describe('a router that refuses a flow', () => {
  const refused = (): FlowTable => {
    const table = new FlowTable(OPTIONS);
    const round = table.startRound();
    for (const ttl of [1, 2, 3, 4]) {
      table.ordered();
      const kind = ttl < 3 ? 'time-exceeded' : 'unreachable';
      table.replied({ ...replyFrom(Math.min(ttl, 3), { flow: 0, ttl, round }), kind });
    }
    table.commitRounds();
    return table;
  };

  test('ends it where it says so first, and is no hop of it', () => {
    expect(refused().refusal(0)).toEqual({ hop: 2, responder: 3 });
    expect(refused().counts().flows[0]).toMatchObject({ responders: [1, 2], isReached: false });
    expect(refused().hasDoubtfulHops()).toBe(false);
  });

  test('is forgotten when the target answers after all', () => {
    const table = refused();
    const round = table.startRound();
    table.ordered();
    const reply = replyFrom(TARGET_ADDRESS, { flow: 0, ttl: 5, round });
    table.replied({ ...reply, kind: 'refused', isTarget: true });
    expect(table.refusal(0)).toBeUndefined();
  });
});
