/** How far the traces of a command are, on a terminal's stderr. */

import { counted } from '../../lib/counted.ts';
import type { TraceCall } from '../../runtime/trace/trace.ts';
import { ProgressLine } from '../progress-line.ts';

const EVERY_MS = 100;

/** Shows nothing where stderr is no terminal. */
export class TraceProgress {
  readonly #line: ProgressLine;
  readonly #isShown: boolean;
  readonly #count: number;
  readonly #startedMs = performance.now();
  #over = 0;
  #answers = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param count of the traces */
  constructor(stream: NodeJS.WriteStream, count: number) {
    this.#line = new ProgressLine(stream);
    this.#isShown = stream.isTTY;
    this.#count = count;
    if (this.#isShown) this.#timer = setInterval(() => this.#show(), EVERY_MS).unref();
  }

  /** Counts the answers of a lone trace, or the traces that are over. */
  follow(call: TraceCall): void {
    if (!this.#isShown) return;
    if (this.#count === 1)
      this.#countAnswers(call).catch(() => {}); // told by the call itself
    else call.then(() => this.#over++).catch(() => {});
  }

  /** Takes the line away, for good. */
  clear(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#line.clear();
  }

  async #countAnswers(call: TraceCall): Promise<void> {
    for await (const event of call.events()) {
      if (event.type === 'probe' && !('star' in event.outcome)) this.#answers++;
    }
  }

  #show(): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    const done =
      this.#count === 1
        ? `${counted(this.#answers, 'answer')}, waiting for the others`
        : `${this.#over} of ${this.#count} traces are over`;
    this.#line.showText(`${seconds} s  ${done}`);
  }
}
