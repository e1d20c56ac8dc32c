/** Where several senders wait for a checkpoint that is right for all of them. */

import type { SenderRequest, SenderResult } from './sender-messages.ts';

/** As much of a sender as has to do with it. */
export interface BarrierSender {
  readonly port: { postMessage(request: SenderRequest): void };
  /** From `held` on it waits behind a window, of which all is here once it is `settled`. */
  state: 'opening' | 'open' | 'sending' | 'held' | 'settling' | 'settled' | 'noted' | 'over';
  /** Of one that is over. */
  readonly result: SenderResult | undefined;
}

/** Writes checkpoints. */
export interface BarrierJournal {
  isDue(): boolean;
  /** Never rejects. */
  note(): Promise<void>;
}

/**
 * Lets whoever has done a window go on at once, until a checkpoint is due: then all wait until the
 * last has handed over what belongs to its window, so that the output has nothing of another.
 */
export class CheckpointBarrier {
  readonly #senders: readonly BarrierSender[];
  readonly #journal: BarrierJournal;
  #isClosed = false;

  /** @param senders may become more until the first of them sends */
  constructor(senders: readonly BarrierSender[], journal: BarrierJournal) {
    this.#senders = senders;
    this.#journal = journal;
  }

  /**
   * Looks at the states anew; to be called when one has changed.
   *
   * @param isWell whether checkpoints are still to be written
   */
  proceed(isWell: boolean): void {
    const held = this.#in('held');
    // Whoever ended within a window has left part of it in the output: no checkpoint is right then.
    const isWhole = this.#senders.every(
      ({ result }) => result === undefined || result.outcome.stopReason === 'complete',
    );
    if (!isWhole || !isWell) this.#isClosed = false;
    else this.#isClosed ||= held.length > 0 && this.#journal.isDue();
    for (const sender of held) {
      if (this.#isClosed) {
        sender.state = 'settling';
        sender.port.postMessage({ type: 'settle' });
      } else release(sender);
    }
    const settled = this.#in('settled');
    if (!this.#isClosed) for (const sender of settled) release(sender);
    else if (settled.length + this.#in('over').length === this.#senders.length) {
      if (settled.length > 0) void this.#note(settled);
    }
  }

  async #note(settled: readonly BarrierSender[]): Promise<void> {
    for (const sender of settled) sender.state = 'noted';
    await this.#journal.note();
    this.#isClosed = false;
    for (const sender of settled) release(sender);
  }

  #in(wanted: BarrierSender['state']): BarrierSender[] {
    return this.#senders.filter(({ state }) => state === wanted);
  }
}

function release(sender: BarrierSender): void {
  if (sender.state === 'over') return;
  sender.state = 'sending';
  sender.port.postMessage({ type: 'go' });
}
