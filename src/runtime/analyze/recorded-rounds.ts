/**
 * Rounds of probes that nobody sent in rounds. To localisation, a round is a time: losses that come
 * together are a burst, and count as one. So a round begins whenever a flow is asked at a TTL that
 * it was asked at in this round already.
 */

import type { SeenProbe } from './seen-traces.ts';

/** A probe, and the number of its flow. */
export interface RoundProbe {
  readonly flow: number;
  readonly probe: SeenProbe;
}

/** More are joined, evenly: what a round tells is in this many as well. */
const ROUNDS_MAX = 256;
/** A TTL is less. */
const TTL_VALUES = 256;

/**
 * Cuts probes into rounds.
 *
 * @param probes in the order of sending
 */
export function roundsOf(probes: readonly RoundProbe[]): RoundProbe[][] {
  const rounds: RoundProbe[][] = [];
  let asked = new Set<number>();
  let current: RoundProbe[] = [];
  for (const each of probes) {
    const cell = each.flow * TTL_VALUES + each.probe.ttl;
    if (asked.has(cell)) {
      rounds.push(current);
      asked = new Set();
      current = [];
    }
    asked.add(cell);
    current.push(each);
  }
  if (current.length > 0) rounds.push(current);
  return rounds.length <= ROUNDS_MAX ? rounds : joined(rounds);
}

function joined(rounds: readonly RoundProbe[][]): RoundProbe[][] {
  return Array.from({ length: ROUNDS_MAX }, (_, i) => {
    const from = Math.floor((i * rounds.length) / ROUNDS_MAX);
    const end = Math.floor(((i + 1) * rounds.length) / ROUNDS_MAX);
    return rounds.slice(from, end).flat();
  });
}
