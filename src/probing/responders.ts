/** Who answered last at each TTL of each flow: one table, as there may be thousands of flows. */

/** Few paths are longer: what is beyond is kept elsewhere. */
const NEAR_TTLS = 32;
const TTLS = 256;
const FLOWS_AT_FIRST = 64;
const NOBODY = -1;

/** Flows are numbered from 0 up; a number may be used again after `forget`. */
export class Responders {
  #near: Int32Array<ArrayBuffer> = new Int32Array(FLOWS_AT_FIRST * NEAR_TTLS).fill(NOBODY);
  readonly #far = new Map<number, number>();

  /** −1 for nobody yet. */
  at(flow: number, ttl: number): number {
    if (ttl >= NEAR_TTLS) return this.#far.get(flow * TTLS + ttl) ?? NOBODY;
    return this.#near[flow * NEAR_TTLS + ttl] ?? NOBODY;
  }

  note(flow: number, ttl: number, responder: number): void {
    if (ttl >= NEAR_TTLS) {
      this.#far.set(flow * TTLS + ttl, responder);
      return;
    }
    const cell = flow * NEAR_TTLS + ttl;
    if (cell >= this.#near.length) this.#grow(cell + 1);
    this.#near[cell] = responder;
  }

  /** Nothing is known of this flow any more. */
  forget(flow: number): void {
    this.#near.fill(NOBODY, flow * NEAR_TTLS, (flow + 1) * NEAR_TTLS);
    if (this.#far.size === 0) return;
    for (let ttl = NEAR_TTLS; ttl < TTLS; ttl++) this.#far.delete(flow * TTLS + ttl);
  }

  #grow(cells: number): void {
    const grown = new Int32Array(Math.max(cells, 2 * this.#near.length)).fill(NOBODY);
    grown.set(this.#near);
    this.#near = grown;
  }
}
