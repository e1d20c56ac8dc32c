/**
 * When flows without an answer are asked again at a hop that seems to limit its errors. A router
 * that sends one a second answers a probe a second, however many come: so the gap between two
 * probes to a hop is found by trying, and flows that wait need few probes more.
 */

const SHORTEST_GAP_US = 100_000;
/** Linux sends one error a second to each host unless told otherwise, and some routers fewer. */
const LONGEST_GAP_US = 1_000_000;
const WIDER = 1.3;
const NARROWER = 0.75;

/** The turns of all hops. */
export class Patience {
  readonly #gapsUs: number[] = [];
  readonly #fromUs: number[] = [];

  /** When the hop may be asked again. */
  dueUs(ttl: number): number {
    return this.#fromUs[ttl] ?? 0;
  }

  /** A flow has its turn at this hop. */
  asked(ttl: number, nowUs: number): void {
    this.#fromUs[ttl] = nowUs + this.#gapUs(ttl);
  }

  /** What became of a probe in turn. */
  settled(ttl: number, isAnswered: boolean): void {
    const gapUs = this.#gapUs(ttl) * (isAnswered ? NARROWER : WIDER);
    this.#gapsUs[ttl] = Math.min(LONGEST_GAP_US, Math.max(SHORTEST_GAP_US, gapUs));
  }

  #gapUs(ttl: number): number {
    return this.#gapsUs[ttl] ?? SHORTEST_GAP_US;
  }
}
