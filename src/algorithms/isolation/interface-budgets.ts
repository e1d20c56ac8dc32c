/**
 * How much may be asked of interfaces that limit their replies: half as much while they answer too
 * little, twice as much while they answer all. The pacer keeps the rates; this decides when to
 * change them.
 */

import { type PathCounts, STAR } from '../../model/path-counts.ts';
import type { Prober } from '../../model/probe.ts';
import type { Localisation } from '../localisation/localise.ts';

/** What an interface was sent, and what it answered. */
interface Tally {
  readonly sent: number;
  readonly received: number;
}

/** An interface that answers no more than this limits its replies. */
const LIMITED_ANSWER_RATIO = 0.9;
/** … if that is not just bad luck with a few probes, or a loss that has yet to show elsewhere. */
const LIMITED_PROBES_MIN = 40;
/** It is asked for more only while it answers at least this. */
const RECOVERED_ANSWER_RATIO = 0.99;
/** Probes after which a slowed interface is judged anew. */
const REVIEW_PROBES = 30;
/** Rises after which an interface is paced like all others: 10 a second, doubled up to 100. */
const RISES_TO_START = 4;
/** Of an interface at 10 a second. */
const LIMITED_PER_SECOND = 10;
/** A round counts as this long at least, and at most. */
const ROUND_US = { min: 600_000, max: 1_500_000 };
/** Of those 10 a second, what even the slowest is asked for. */
const SLOWEST_SHARE = 0.1;

interface Slowed {
  /** Totals at the last change of its rate. */
  since: Tally;
  /** Halvings that have not been taken back. */
  steps: number;
}

/** The interfaces that are asked for less than others. */
export class InterfaceBudgets {
  readonly #slowed = new Map<number, Slowed>();

  /** Address indexes of those that are spared at the moment. */
  get limited(): ReadonlySet<number> {
    return new Set(this.#slowed.keys());
  }

  /**
   * Probes a round for an interface that is spared, less than 1 for one in some rounds: with more,
   * every round would wait for the slowest, and all other places with it.
   *
   * @param roundUs about how long a round lasts
   */
  perRound(address: number, roundUs: number = ROUND_US.min): number {
    const seconds = Math.min(ROUND_US.max, Math.max(ROUND_US.min, roundUs)) / 1e6;
    const steps = this.#slowed.get(address)?.steps ?? RISES_TO_START;
    const share = 2 ** Math.min(0, RISES_TO_START - steps);
    return LIMITED_PER_SECOND * seconds * Math.max(SLOWEST_SHARE, share);
  }

  /** Judges those that are spared, and spares all that turn out to limit their replies. */
  spare(
    { graph, limited }: Pick<Localisation, 'graph' | 'limited'>,
    counts: PathCounts,
    prober: Prober,
  ): void {
    this.review(counts, prober);
    for (const { vertex, answerRatio, sent } of limited) {
      const described = graph.vertices[vertex];
      if (described?.kind !== 'interface') continue;
      if (answerRatio > LIMITED_ANSWER_RATIO || sent < LIMITED_PROBES_MIN) continue;
      this.slowDown(described.address, counts, prober);
    }
  }

  /** Spares an interface from now on, if it is not spared yet. */
  slowDown(address: number, counts: PathCounts, prober: Prober): void {
    if (this.#slowed.has(address)) return;
    this.#slowed.set(address, { since: tallyOf(address, counts), steps: RISES_TO_START });
    prober.slowDown(address);
  }

  /** Asks an interface as often again as any other: that it does not limit its replies is known. */
  release(address: number, prober: Prober): void {
    const steps = this.#slowed.get(address)?.steps ?? 0;
    for (let step = 0; step < steps; step++) prober.speedUp(address);
    this.#slowed.delete(address);
  }

  /** Judges the spared interfaces by what they have answered since their rate was last changed. */
  review(counts: PathCounts, prober: Prober): void {
    for (const [address, slowed] of this.#slowed) {
      const now = tallyOf(address, counts);
      const sent = now.sent - slowed.since.sent;
      if (sent < REVIEW_PROBES) continue;
      const answerRatio = (now.received - slowed.since.received) / sent;
      slowed.since = now;
      if (answerRatio <= LIMITED_ANSWER_RATIO) {
        slowed.steps++;
        prober.slowDown(address);
      } else if (answerRatio >= RECOVERED_ANSWER_RATIO) {
        slowed.steps--;
        prober.speedUp(address);
        if (slowed.steps === 0) this.#slowed.delete(address);
      }
    }
  }
}

function tallyOf(address: number, { flows }: PathCounts): Tally {
  let [sent, received] = [0, 0];
  for (const flow of flows) {
    for (const [hop, responder] of flow.responders.entries()) {
      if (responder === STAR || responder !== address) continue;
      sent += flow.sent[hop] ?? 0;
      received += flow.received[hop] ?? 0;
    }
  }
  return { sent, received };
}
