/**
 * Interfaces whose answers say nothing of losses. A token bucket that gives out one answer a second
 * gives it to whoever asks at the right moment: flows that are asked in a rush get none, and flows
 * asked later get many. Taken for one answer ratio, that looks like losses of some flows. Such an
 * interface tells where paths go, and no more.
 */

import { STAR } from '../../model/path-counts.ts';
import type { FlowRow } from './flow-rows.ts';

/** A deaf interface. */
export interface DeafInterface {
  readonly sent: number;
  /** Beside the hop behind it that answers best. */
  readonly answerRatio: number;
}

export interface DeafInterfaces {
  /**
   * By address index: those that answer little where hops behind them answer the same flows, or
   * that answer by the clock.
   */
  readonly deaf: ReadonlyMap<number, DeafInterface>;
  /** Address indexes of these, and of others that answer little and have nothing behind them. */
  readonly quiet: ReadonlySet<number>;
}

/** An interface is quiet below this share of answers, and deaf beside what a hop behind answers. */
const QUIET_RATIO = 0.5;
/** … in so many probes or more. */
const PROBES_MIN = 8;

interface Tally {
  sent: number;
  received: number;
}

/**
 * The interfaces that answer little.
 *
 * @param clocked those that answer by the clock, which are deaf whatever is behind them
 */
export function deafInterfaces(
  rows: readonly FlowRow[],
  clocked: ReadonlySet<number> = new Set(),
): DeafInterfaces {
  const own = ownAnswers(rows);
  const quiet = new Set<number>();
  for (const [address, { sent, received }] of own) {
    if (received < QUIET_RATIO * sent) quiet.add(address);
  }
  const deaf = new Map<number, DeafInterface>();
  if (quiet.size === 0) return { deaf, quiet };
  const behind = answersBehind(rows, quiet);
  // Where some answer by the clock, and not even the target tells otherwise, all quiet ones may.
  const areAllInDoubt = clocked.size > 0 && rows.every(({ end }) => end === 'open');
  for (const address of quiet) {
    const { sent, received } = own.get(address) ?? { sent: 0, received: 0 };
    const best = bestOf(behind.get(address)?.values() ?? []);
    const isInDoubt = areAllInDoubt && best < QUIET_RATIO;
    const ratio = received / sent;
    if (clocked.has(address) || isInDoubt) deaf.set(address, { sent, answerRatio: ratio });
    else if (sent >= PROBES_MIN && ratio / best < QUIET_RATIO)
      deaf.set(address, { sent, answerRatio: ratio / best });
  }
  return { deaf, quiet };
}

function ownAnswers(rows: readonly FlowRow[]): ReadonlyMap<number, Tally> {
  const own = new Map<number, Tally>();
  for (const row of rows) {
    for (const [hop, responder] of row.responders.entries()) {
      if (responder !== STAR) addTo(own, responder, row, hop);
    }
  }
  return own;
}

/** The best share of answers. */
function bestOf(tallies: Iterable<Tally>): number {
  let best = 0;
  for (const { sent, received } of tallies) {
    if (sent >= PROBES_MIN) best = Math.max(best, received / sent);
  }
  return best;
}

/** By interface and hop: what the hops behind it answered the flows across it. */
function answersBehind(
  rows: readonly FlowRow[],
  wanted: ReadonlySet<number>,
): ReadonlyMap<number, ReadonlyMap<number, Tally>> {
  const tallies = new Map<number, Map<number, Tally>>();
  for (const row of rows) {
    for (const [hop, responder] of row.responders.entries()) {
      if (!wanted.has(responder)) continue;
      const behind = tallies.get(responder) ?? new Map<number, Tally>();
      tallies.set(responder, behind);
      for (let next = hop + 1; next < row.responders.length; next++) {
        if (row.responders[next] !== STAR) addTo(behind, next, row, next);
      }
    }
  }
  return tallies;
}

function addTo(tallies: Map<number, Tally>, key: number, row: FlowRow, hop: number): void {
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = { sent: 0, received: 0 };
    tallies.set(key, tally);
  }
  tally.sent += row.sent[hop] ?? 0;
  tally.received += row.received[hop] ?? 0;
}
