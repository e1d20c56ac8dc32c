import { describe, expect, test } from 'vitest';
import { replyFrom } from '../../../test/support/learned-table.ts';
import { locatedLoss } from '../../../test/support/located-loss.ts';
import { TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import type { FlowCounts } from '../../model/path-counts.ts';
import type { ProbeReply } from '../../model/probe.ts';
import { FlowTable } from './flow-table.ts';
import { LateAnswers } from './late-answers.ts';

const FLOWS = 8;
const SECOND_US = 1_000_000;
const LOSS = locatedLoss({
  explanations: [{ kind: 'target' }],
  flowsAcross: Array.from({ length: FLOWS }, (_, flow) => flow),
});

/** Two rounds of probes to a target one hop away: one that it answers, and one that is lost. */
function afterLosses(kind: ProbeReply['kind']): { late: LateAnswers; table: FlowTable } {
  const table = new FlowTable({ flows: FLOWS, minTtl: 1, maxTtl: 4, target: TARGET_ADDRESS });
  const late = new LateAnswers(table);
  for (const round of [0, 1]) {
    expect(table.startRound()).toBe(round);
    late.startedRound(round, round * SECOND_US);
    for (let flow = 0; flow < FLOWS; flow++) {
      table.ordered();
      if (round === 0) late.replied(answer(flow, { kind, round, rttUs: 2000 }));
      else table.lost(flow, 1, round);
    }
    table.commitRounds();
  }
  return { late, table };
}

function answer(
  flow: number,
  { kind, round, rttUs }: Pick<ProbeReply, 'kind' | 'round' | 'rttUs'>,
): ProbeReply {
  return { ...replyFrom('T', { flow, ttl: 1, round }), kind, rttUs };
}

function answeredLate({ table }: { table: FlowTable }): number {
  return table.counts().flows.reduce((sum, flow) => sum + flow.answeredLate, 0);
}

const REPEAT = { kind: 'accepted', round: 1, rttUs: SECOND_US + 2000 } as const;

test('each of several targets has a fastest answer of its own', () => {
  const table = new FlowTable({
    flows: 2,
    minTtl: 1,
    maxTtl: 4,
    target: TARGET_ADDRESS,
    targetOf: (flow) => TARGET_ADDRESS + flow,
  });
  const late = new LateAnswers(table);
  late.startedRound(table.startRound(), 0);
  for (const [flow, rttUs] of [2000, SECOND_US].entries()) {
    table.ordered();
    late.replied(answer(flow, { kind: 'accepted', round: 0, rttUs }));
  }
  table.commitRounds();
  // The second is only far away.
  expect(answeredLate({ table })).toBe(0);
  expect(table.counts().flows[1]?.received).toEqual([1]);
});

describe('a SYN-ACK', () => {
  test('a second later than usual is a repeat, late or still awaited', () => {
    const run = afterLosses('accepted');
    run.late.repliedLate(answer(0, REPEAT));
    expect(answeredLate(run)).toBe(1);
    const round = run.table.startRound();
    run.table.ordered();
    run.late.replied(answer(1, { ...REPEAT, round }));
    run.table.commitRounds();
    expect(answeredLate(run)).toBe(2);
  });

  test('half a second later than usual is a slow answer', () => {
    const run = afterLosses('accepted');
    run.late.repliedLate(answer(0, { ...REPEAT, rttUs: SECOND_US / 2 }));
    expect(answeredLate(run)).toBe(0);
    expect(run.table.counts().flows[0]?.received).toEqual([2]);
  });
});

test('a reset is never a repeat, however late', () => {
  const run = afterLosses('refused');
  run.late.repliedLate(answer(0, { ...REPEAT, kind: 'refused' }));
  expect(answeredLate(run)).toBe(0);
  expect(run.table.counts().flows[0]?.received).toEqual([2]);
});

test('an acknowledgment of an earlier probe proves that it arrived', () => {
  const run = afterLosses('accepted');
  run.late.repliedLate(answer(0, { ...REPEAT, kind: 'acknowledged', rttUs: 300_000 }));
  expect(answeredLate(run)).toBe(1);
});

describe('a probe that a target which repeats its answers left unanswered', () => {
  /** One probe answered, one by a repeat, one lost at 3.5 s, and one answered at 3.6 s or not. */
  function countsAt(nowUs: number, isAnsweredSince: boolean): FlowCounts | undefined {
    const table = new FlowTable({ flows: 1, minTtl: 1, maxTtl: 4, target: TARGET_ADDRESS });
    const late = new LateAnswers(table);
    const sent = [0, 2000, 3.5 * SECOND_US, ...(isAnsweredSince ? [3.6 * SECOND_US] : [])];
    for (const [round, sentAtUs] of sent.entries()) {
      late.startedRound(table.startRound(), sentAtUs);
      table.ordered();
      const reply = replyFrom('T', { flow: 0, ttl: 1, round, sentAtUs });
      if (round === 0 || round === 3) late.replied({ ...reply, kind: 'accepted' });
      else table.lost(0, 1, round, sentAtUs);
      if (round === 1) {
        late.repliedLate({ ...reply, kind: 'accepted', rttUs: SECOND_US + 2000 });
      }
    }
    table.commitRounds(nowUs);
    return table.counts().flows[0];
  }

  test.each([4, 60])('counts for nothing after %d s, as its repeats may have been lost', (s) => {
    const counts = countsAt(s * SECOND_US, false);
    expect(counts).toMatchObject({ sent: [2], received: [1], answeredLate: 1 });
  });

  test('counts for nothing while its first repeat may come, whatever was answered since', () => {
    const counts = countsAt(4.9 * SECOND_US, true);
    expect(counts).toMatchObject({ sent: [2], received: [1], answeredLate: 1 });
  });

  test('is lost when the flow has been answered since', () => {
    const counts = countsAt(6 * SECOND_US, true);
    expect(counts).toMatchObject({ sent: [4], received: [2], answeredLate: 1 });
  });
});

describe('the direction of a loss', () => {
  const LONG_AFTER_US = 6 * SECOND_US;

  test('is back, where its probes were answered late', () => {
    const { late } = afterLosses('accepted');
    for (let flow = 0; flow < 6; flow++) late.repliedLate(answer(flow, REPEAT));
    expect(late.directionOf(LOSS, LONG_AFTER_US)).toBe('return');
  });

  test('is forward, where none was though the target repeats its answers', () => {
    const { late } = afterLosses('accepted');
    expect(late.directionOf(LOSS, SECOND_US)).toBe('unknown');
    expect(late.directionOf(LOSS, LONG_AFTER_US)).toBe('forward');
  });

  test('is unknown, where few were, or the target only resets', () => {
    const { late } = afterLosses('accepted');
    for (let flow = 0; flow < 2; flow++) late.repliedLate(answer(flow, REPEAT));
    expect(late.directionOf(LOSS, LONG_AFTER_US)).toBe('unknown');
    expect(afterLosses('refused').late.directionOf(LOSS, LONG_AFTER_US)).toBe('unknown');
  });
});

describe('repeats are waited for', () => {
  test('until the first has had its time, and none of many came', () => {
    const { late } = afterLosses('accepted');
    expect(late.isAwaited([LOSS], 2 * SECOND_US)).toBe(true);
    expect(late.isAwaited([LOSS], 3 * SECOND_US)).toBe(false);
  });

  test('four seconds from the last loss on, once one came', () => {
    const { late } = afterLosses('accepted');
    late.repliedLate(answer(0, REPEAT));
    expect(late.isAwaited([LOSS], 4.9 * SECOND_US)).toBe(true);
    expect(late.isAwaited([LOSS], 5 * SECOND_US)).toBe(false);
  });

  test('never from a target that resets, and never without a loss', () => {
    expect(afterLosses('refused').late.isAwaited([LOSS], 2 * SECOND_US)).toBe(false);
    expect(afterLosses('accepted').late.isAwaited([], 2 * SECOND_US)).toBe(false);
  });
});
