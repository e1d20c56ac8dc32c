/**
 * Which rows the last packets belong to: the kernel counts packets when it tells when they left.
 */

import { NO_SLOT } from './in-flight.ts';

/** So many last packets are remembered; the kernel tells within a few. */
export const SENT_ROWS_MAX = 32_768;

/** A ring of rows, by the number of packets sent before. */
export class SentRows {
  readonly #rows: Int32Array = new Int32Array(SENT_ROWS_MAX).fill(NO_SLOT);
  #sent = 0;

  /** The next packet is of this row. */
  note(slot: number): void {
    this.#rows[this.#sent % SENT_ROWS_MAX] = slot;
    this.#sent++;
  }

  /** The row of a packet, once; `NO_SLOT` for one that is unknown or long ago. */
  take(sequence: number): number {
    if (sequence >= this.#sent || sequence < this.#sent - SENT_ROWS_MAX) return NO_SLOT;
    const at = sequence % SENT_ROWS_MAX;
    const slot = this.#rows[at] ?? NO_SLOT;
    this.#rows[at] = NO_SLOT;
    return slot;
  }
}
