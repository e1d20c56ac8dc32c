import { describe, expect, test } from 'vitest';
import { type HeldAnswer, TokenShifts } from './token-shifts.ts';

const answer = (receivedAtUs: number): HeldAnswer => ({ packet: new Uint8Array(), receivedAtUs });

describe('the shift of a flow', () => {
  test('is what explains two answers to different probes, which are then given back', () => {
    const shifts = new TokenShifts();
    const [first, second] = [answer(1), answer(2)];
    expect(shifts.hold(first, [guess(1, 70), guess(2, 50)])).toEqual([]);
    expect(shifts.hold(second, [guess(1, 90), guess(2, 70)])).toEqual([first, second]);
    expect(shifts.known).toEqual([70]);
  });

  test('is not known by an answer that comes twice', () => {
    const shifts = new TokenShifts();
    for (const atUs of [1, 2]) expect(shifts.hold(answer(atUs), [guess(1, 70)])).toEqual([]);
    expect(shifts.known).toEqual([]);
  });

  test('is not known by answers that no one shift explains', () => {
    const shifts = new TokenShifts();
    for (let i = 0; i < 100; i++) {
      expect(shifts.hold(answer(i), [guess(1, 2 * i), guess(2, 2 * i + 1)])).toEqual([]);
    }
    expect(shifts.known).toEqual([]);
  });

  test('is sought among the last four answers', () => {
    const shifts = new TokenShifts();
    for (let i = 0; i < 5; i++) shifts.hold(answer(i), [guess(i, 100 + i)]);
    expect(shifts.hold(answer(9), [guess(9, 100)])).toEqual([]);
    expect(shifts.hold(answer(9), [guess(9, 104)])).toHaveLength(2);
  });

  test('may change: the latest four are known', () => {
    const shifts = new TokenShifts();
    for (const shift of [1, 2, 3, 3, 4, 5]) shifts.learn(shift);
    expect(shifts.known).toEqual([5, 4, 3, 2]);
  });
});

function guess(counter: number, shift: number) {
  return { counter, shift };
}
