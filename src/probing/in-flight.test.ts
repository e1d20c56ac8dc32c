import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  GENERATION_BITS,
  IN_FLIGHT_MAX,
  InFlight,
  NO_SLOT,
  PROBE_ANSWERED,
  PROBE_EXPIRED,
} from './in-flight.ts';

/** Adds one probe and names it as the wire would. */
function added(table: InFlight, nowUs: number, flow = 1): { slot: number; counter: number } {
  const slot = table.add({ flow, ttl: 5, round: 0 }, nowUs);
  return { slot, counter: table.counterOf(slot) };
}

function expireAll(table: InFlight, sentByUs: number): number[] {
  const slots: number[] = [];
  table.expire(sentByUs, (slot) => slots.push(slot));
  return slots;
}

describe('room', () => {
  test.each([1, 3, 1024, 1500])('for %i awaited probes, and no more', (max) => {
    const table = new InFlight(max);
    for (let i = 0; i < max; i++)
      expect(table.add({ flow: i % 7, ttl: 5, round: 0 }, i)).not.toBe(NO_SLOT);
    expect(table.add({ flow: 0, ttl: 5, round: 0 }, max)).toBe(NO_SLOT);
    expect(table.awaitedCount).toBe(max);
    expireAll(table, 0);
    table.release(0);
    expect(table.add({ flow: 0, ttl: 5, round: 0 }, max)).not.toBe(NO_SLOT);
    expect(table.add({ flow: 0, ttl: 5, round: 0 }, max)).toBe(NO_SLOT);
  });

  test('for more, once the oldest have their outcome: their rest is cut short', () => {
    const table = new InFlight(3);
    const [a, b, c] = [1, 2, 3].map((atUs) => added(table, atUs, atUs));
    table.settle(a!.slot, PROBE_ANSWERED);
    table.settle(c!.slot, PROBE_ANSWERED);
    const d = added(table, 4, 4);
    expect(d.slot).toBe(a!.slot);
    expect(table.slotOf(a!.counter)).toBe(NO_SLOT); // a late reply to it is nobody's
    expect(table.slotOf(d.counter)).toBe(d.slot);
    expect(table.add({ flow: 5, ttl: 5, round: 0 }, 5)).toBe(NO_SLOT); // the oldest is awaited
    expect(expireAll(table, 2)).toEqual([b!.slot]);
    expect(added(table, 5, 5).slot).toBe(b!.slot);
    expect(added(table, 6, 6).slot).toBe(c!.slot);
    expect(expireAll(table, 6)).toEqual([d.slot, b!.slot, c!.slot]);
    expect(table.awaitedCount).toBe(0);
  });

  test.each([0, -1, 1.5, IN_FLIGHT_MAX + 1, Number.NaN])('of %d rows is refused', (max) => {
    expect(() => new InFlight(max)).toThrow(RangeError);
  });

  test('grows without losing what it holds', () => {
    const table = new InFlight();
    const counters: number[] = [];
    for (let i = 0; i < 5000; i++)
      counters.push(table.counterOf(table.add({ flow: i, ttl: i % 256, round: i + 9 }, i)));
    for (const [i, counter] of counters.entries()) {
      const slot = table.slotOf(counter);
      expect(table.rowOf(slot)).toEqual({ flow: i, ttl: i % 256, round: i + 9 });
      expect(table.sentAtUs[slot]).toBe(i);
    }
  });
});

describe('a counter from the wire', () => {
  test('names its probe until that is released, also when answered or expired', () => {
    const table = new InFlight(4);
    const [answered, expired] = [added(table, 1), added(table, 2)];
    table.settle(answered.slot, PROBE_ANSWERED);
    expireAll(table, 2);
    expect(table.slotOf(answered.counter)).toBe(answered.slot);
    expect(table.slotOf(expired.counter)).toBe(expired.slot);
    expect(table.state[expired.slot]).toBe(PROBE_EXPIRED);
    table.release(2);
    expect(table.slotOf(answered.counter)).toBe(NO_SLOT);
    expect(table.slotOf(expired.counter)).toBe(NO_SLOT);
  });

  test('of a row that was reused does not name the newer probe', () => {
    const table = new InFlight(1);
    const old = added(table, 1);
    for (let reuse = 0; reuse < 2 ** GENERATION_BITS - 1; reuse++) {
      expireAll(table, reuse + 1);
      table.release(reuse + 1);
      const newer = added(table, reuse + 2);
      expect(newer.slot).toBe(old.slot);
      expect(table.slotOf(old.counter)).toBe(NO_SLOT);
      expect(table.slotOf(newer.counter)).toBe(newer.slot);
    }
  });

  test('that was never given out names nothing', () => {
    const table = new InFlight(8);
    const known = new Set([added(table, 1).counter, added(table, 2).counter]);
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), (counter) => {
        fc.pre(!known.has(counter));
        expect(table.slotOf(counter)).toBe(NO_SLOT);
      }),
    );
  });
});

describe('expiry', () => {
  test('comes in the order of sending, and passes over what was answered', () => {
    const table = new InFlight();
    const slots = [10, 20, 30, 40].map((sentAtUs) =>
      table.add({ flow: 1, ttl: 1, round: 0 }, sentAtUs),
    );
    table.settle(slots[1] ?? 0, PROBE_ANSWERED);
    expect(table.oldestAwaitedSentAtUs()).toBe(10);
    expect(expireAll(table, 30)).toEqual([slots[0], slots[2]]);
    expect(table.awaitedCount).toBe(1);
    expect(table.oldestAwaitedSentAtUs()).toBe(40);
    expect(expireAll(table, 39)).toEqual([]);
    expect(expireAll(table, 40)).toEqual([slots[3]]);
    expect(table.oldestAwaitedSentAtUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('never happens twice to one probe', () => {
    const table = new InFlight();
    const { slot } = added(table, 1);
    expect(expireAll(table, 1)).toEqual([slot]);
    expect(expireAll(table, 100)).toEqual([]);
    expect(table.awaitedCount).toBe(0);
  });
});

describe('release', () => {
  test('waits for an older probe that is still awaited', () => {
    const table = new InFlight(2);
    const [, second] = [added(table, 1), added(table, 2)];
    table.settle(second.slot, PROBE_ANSWERED);
    table.release(100);
    expect(table.slotOf(second.counter)).toBe(second.slot);
  });

  test('frees the oldest rows first', () => {
    const table = new InFlight(3);
    const slots = [1, 2, 3].map((sentAtUs) => table.add({ flow: 1, ttl: 1, round: 0 }, sentAtUs));
    expireAll(table, 3);
    table.release(3);
    expect([4, 5, 6].map((sentAtUs) => table.add({ flow: 1, ttl: 1, round: 0 }, sentAtUs))).toEqual(
      slots,
    );
  });

  test('keeps rows that have not rested long enough', () => {
    const table = new InFlight();
    const [first, second] = [added(table, 1), added(table, 2)];
    expireAll(table, 2);
    table.release(1);
    expect(table.slotOf(first.counter)).toBe(NO_SLOT);
    expect(table.slotOf(second.counter)).toBe(second.slot);
  });
});

test('a row that is reused is as young as its new probe: older ones still expire before it', () => {
  const table = new InFlight();
  const [answered, older] = [added(table, 1), added(table, 5)];
  table.settle(answered.slot, PROBE_ANSWERED);
  table.release(1);
  expect(added(table, 10).slot).toBe(answered.slot);
  expect(table.oldestAwaitedSentAtUs()).toBe(5);
  expect(expireAll(table, 5)).toEqual([older.slot]);
});

test('a withdrawn probe is neither awaited, nor found, nor expired', () => {
  const table = new InFlight(2);
  const [withdrawn, sent] = [added(table, 1), added(table, 2)];
  table.withdraw(withdrawn.slot);
  expect(table.awaitedCount).toBe(1);
  expect(table.slotOf(withdrawn.counter)).toBe(NO_SLOT);
  expect(expireAll(table, 2)).toEqual([sent.slot]);
  table.release(2);
  expect([added(table, 3), added(table, 4)].map(({ slot }) => slot).sort()).toEqual([0, 1]);
});

/** What may happen to the table; numbers pick a probe that is known. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'add' as const, pick: 0 }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('answer' as const), pick: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), pick: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), pick: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(30) }) },
);

/** A table beside a plain list of what it must hold. */
class Checked {
  readonly table = new InFlight(12);
  readonly awaited: { slot: number; counter: number; sentAtUs: number }[] = [];

  add(nowUs: number): void {
    const slot = this.table.add({ flow: nowUs, ttl: 1, round: 0 }, nowUs);
    if (slot === NO_SLOT) return;
    this.awaited.push({ slot, counter: this.table.counterOf(slot), sentAtUs: nowUs });
  }

  end(pick: number, kind: 'answer' | 'withdraw'): void {
    const [probe] = this.awaited.splice(pick % Math.max(1, this.awaited.length), 1);
    if (probe === undefined) return;
    if (kind === 'answer') this.table.settle(probe.slot, PROBE_ANSWERED);
    else this.table.withdraw(probe.slot);
  }

  expire(sentByUs: number): void {
    const due = this.awaited.filter(({ sentAtUs }) => sentAtUs <= sentByUs);
    expect(expireAll(this.table, sentByUs)).toEqual(due.map(({ slot }) => slot));
    this.awaited.splice(0, due.length);
  }

  check(): void {
    expect(this.table.awaitedCount).toBe(this.awaited.length);
    for (const { slot, counter, sentAtUs } of this.awaited) {
      expect(this.table.slotOf(counter)).toBe(slot);
      expect(this.table.rowOf(slot).flow).toBe(sentAtUs);
    }
  }
}

test('in any order of events: every awaited probe is found by its counter, and counted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const checked = new Checked();
      for (const [nowUs, { kind, pick }] of steps.entries()) {
        if (kind === 'add') checked.add(nowUs);
        else if (kind === 'expire') checked.expire(nowUs - pick);
        else if (kind === 'release') checked.table.release(nowUs - pick);
        else checked.end(pick, kind);
        checked.check();
      }
    }),
  );
});
