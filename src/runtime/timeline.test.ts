import { describe, expect, test } from 'vitest';
import { HostTimeline, VirtualTimeline } from './timeline.ts';

describe('virtual time', () => {
  test('starts at 0 and jumps to where it sleeps to', async () => {
    const timeline = new VirtualTimeline();
    expect(timeline.nowUs()).toBe(0);
    await timeline.sleepUntil(5_000_000);
    expect(timeline.nowUs()).toBe(5_000_000);
  });

  test('never goes back, and stays where there is nothing to wait for', async () => {
    const timeline = new VirtualTimeline();
    for (const us of [7, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      await timeline.sleepUntil(us);
      expect(timeline.nowUs()).toBe(7);
    }
  });

  test('leaves the host a turn, so that a signal can end a long run', async () => {
    const timeline = new VirtualTimeline();
    let hasHadTurn = false;
    setImmediate(() => {
      hasHadTurn = true;
    });
    for (let us = 1; us <= 1000; us++) await timeline.sleepUntil(us);
    expect(hasHadTurn).toBe(true);
  });
});

describe('the host’s time', () => {
  test('is whole microseconds that do not go back', () => {
    const timeline = new HostTimeline();
    const [first, second] = [timeline.nowUs(), timeline.nowUs()];
    expect(Number.isSafeInteger(first)).toBe(true);
    expect(second).toBeGreaterThanOrEqual(first);
  });

  test.each([0, Number.NEGATIVE_INFINITY])('a sleep until %d is over at once', async (us) => {
    await new HostTimeline().sleepUntil(us);
  });

  test.each([1e12, Number.POSITIVE_INFINITY])('a wake ends a sleep of %d µs', async (us) => {
    const timeline = new HostTimeline();
    const sleep = timeline.sleepUntil(timeline.nowUs() + us);
    timeline.wake();
    await sleep;
  });

  test('a breath lets others have a turn', async () => {
    let hasHadTurn = false;
    setImmediate(() => {
      hasHadTurn = true;
    });
    await new HostTimeline().breathe();
    expect(hasHadTurn).toBe(true);
  });

  test('a wake before any sleep does nothing', () => {
    expect(() => new HostTimeline().wake()).not.toThrow();
  });
});
