/** When something is so in virtual time: from a moment on, until another, always or on and off. */

import type { When } from './scenario-model.ts';

/** A `When` in microseconds. */
export interface Window {
  readonly fromUs: number;
  readonly untilUs: number;
  /** Infinity: no pauses. */
  readonly periodUs: number;
  /** From the start of every period on. */
  readonly activeUs: number;
}

/** Translates what a scenario says. */
export function windowOf({ fromMs, untilMs, periodMs, duty }: When): Window {
  const periodUs = periodMs === undefined ? Number.POSITIVE_INFINITY : periodMs * 1000;
  const activeUs = periodMs === undefined ? Number.POSITIVE_INFINITY : periodUs * duty;
  return { fromUs: fromMs * 1000, untilUs: untilMs * 1000, periodUs, activeUs };
}

/** Whether a moment falls into the window; its end does not. */
export function isActive({ fromUs, untilUs, periodUs, activeUs }: Window, atUs: number): boolean {
  if (atUs < fromUs || atUs >= untilUs) return false;
  return periodUs === Number.POSITIVE_INFINITY || (atUs - fromUs) % periodUs < activeUs;
}
