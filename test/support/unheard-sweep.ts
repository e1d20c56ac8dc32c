/** A sweep whose events nobody takes, wherever it runs. */

import { expect } from 'vitest';
import { EVENTS_WAITING_MAX } from '../../src/runtime/calls/measurement-call.ts';
import type { SweepCall } from '../../src/runtime/sweep/sweep-call.ts';

/** Turns of the event loop; a few hundred are enough for a sweep that does not wait. */
const TURNS = 5000;

/** Leaves the events of a large sweep alone for a while, then hears them all. */
export async function expectToWaitUnheard(call: SweepCall): Promise<void> {
  let isOver = false;
  void call.finally(() => (isOver = true));
  const events = call.events();
  await events.next();
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  let heard = 0; // what came first is progress
  for await (const { type } of events) if (type === 'reply') heard++;
  expect(heard).toBe((await call).repliesReceived);
  expect(heard).toBeGreaterThan(4 * EVENTS_WAITING_MAX);
}
