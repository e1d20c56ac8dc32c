/**
 * How long a trace waits for one reply. A silent router must not cost the whole time-out where the
 * replies around it tell how long replies take: Dmitry Butskoy's traceroute waits three times the
 * round trip of the same hop, or ten times that of the hop behind it (traceroute(8), option -w).
 */

const SAME_HOP = 3;
const FARTHER_HOP = 10;
/** Control planes may need a moment, however near they are. */
const LEAST_US = 20_000;

/** What is known around a probe; Infinity where nothing is. */
export interface KnownRoundTrips {
  /** The slowest reply at the same TTL. */
  readonly sameHopUs: number;
  /** The reply of the nearest TTL beyond it that has one. */
  readonly fartherHopUs: number;
}

/** Microseconds from sending on. */
export function replyWaitUs(known: KnownRoundTrips, timeoutUs: number): number {
  const adaptedUs = Math.min(SAME_HOP * known.sameHopUs, FARTHER_HOP * known.fartherHopUs);
  return Math.min(timeoutUs, Math.max(LEAST_US, adaptedUs));
}
