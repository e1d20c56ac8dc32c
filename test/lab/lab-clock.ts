/**
 * When something of a plan is so, as nftables matches of the wall clock. A plan's time starts at 0;
 * the lab's starts when `NamespaceLab.startClock` says so, always at a whole second, because that
 * is what rules tell time by.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Window } from '../../src/sim/schedule.ts';
import { LabPlanError } from './lab-plan-error.ts';

/** What flaps does so for this long; no run of a test lasts longer. */
const HORIZON_S = 240;
const US_PER_S = 1e6;

/** Whether the window never closes. */
export function isAlways({ fromUs, untilUs, periodUs, activeUs }: Window): boolean {
  return fromUs === 0 && untilUs === Number.POSITIVE_INFINITY && activeUs >= periodUs;
}

/**
 * The nftables match for the moments of a window.
 *
 * @param startS the second, since 1970, at which the plan's time is 0
 * @throws {LabPlanError} where something begins or ends within a second
 */
export function timeMatch(window: Window, startS: number): string {
  const spans = spansOf(window).map(([from, until]) => `${startS + from}-${startS + until}`);
  return `meta time { ${spans.join(', ')} }`;
}

/** Fails as `timeMatch` would, before anything is built. */
export function checkWindow(window: Window): void {
  spansOf(window);
}

/** Waits for a moment of the wall clock, in milliseconds since 1970. */
export async function whenItIs(momentMs: number): Promise<void> {
  // A timer may fire a little early.
  for (let now = Date.now(); now < momentMs; now = Date.now()) await sleep(momentMs - now);
}

function spansOf({ fromUs, untilUs, periodUs, activeUs }: Window): [number, number][] {
  const endUs = Math.min(untilUs, HORIZON_S * US_PER_S);
  if (periodUs === Number.POSITIVE_INFINITY) return [[seconds(fromUs), seconds(endUs)]];
  const spans: [number, number][] = [];
  for (let atUs = fromUs; atUs < endUs; atUs += periodUs) {
    spans.push([seconds(atUs), seconds(Math.min(atUs + activeUs, endUs))]);
  }
  return spans;
}

function seconds(us: number): number {
  const whole = us / US_PER_S;
  if (Number.isInteger(whole)) return whole;
  throw new LabPlanError(`a change ${us / 1000} ms after the start: rules tell time by the second`);
}
