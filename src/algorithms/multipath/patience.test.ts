import { describe, expect, test } from 'vitest';
import { Patience } from './patience.ts';

const SECOND = 1e6;

/** Answers of a router that has one more each `periodUs`, to probes in turn for a minute. */
function askedFor(periodUs: number): { probes: number; answers: number } {
  const patience = new Patience();
  const counts = { probes: 0, answers: 0 };
  let refilledUs = periodUs;
  while (patience.dueUs(3) < 60 * SECOND) {
    const nowUs = patience.dueUs(3);
    const isAnswered = nowUs >= refilledUs;
    if (isAnswered) refilledUs = nowUs + periodUs;
    counts.probes++;
    counts.answers += Number(isAnswered);
    patience.asked(3, nowUs);
    patience.settled(3, isAnswered);
  }
  return counts;
}

describe('turns at a hop', () => {
  test('that has not been asked come at once, and each hop has its own', () => {
    const patience = new Patience();
    patience.asked(3, 5 * SECOND);
    expect([patience.dueUs(3), patience.dueUs(4)]).toEqual([5.1 * SECOND, 0]);
  });

  test('that answers one probe a second cost few probes an answer, and few are left out', () => {
    const { probes, answers } = askedFor(SECOND);
    expect(answers).toBeGreaterThan(45);
    expect(probes / answers).toBeLessThan(3.5);
  });

  test('that always answers come ten times a second', () => {
    expect(askedFor(0)).toEqual({ probes: 600, answers: 600 });
  });

  test('that never answers come once a second', () => {
    expect(askedFor(Number.POSITIVE_INFINITY).probes).toBeLessThan(75);
  });
});
