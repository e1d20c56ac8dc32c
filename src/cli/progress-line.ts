/** One line on a terminal's stderr that tells how a run goes on; nothing at all elsewhere. */

import type { IsolateProgress } from '../runtime/isolate.ts';

/** Nothing is shown for what is over sooner. */
const SHOWN_AFTER_US = 1_000_000;
const CLEAR_LINE = '\r\u001b[K';

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #isShown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show({ elapsedUs, probesSent, repliesReceived, roundsOver }: IsolateProgress): void {
    if (!this.#stream.isTTY || elapsedUs < SHOWN_AFTER_US) return;
    const seconds = (elapsedUs / 1e6).toFixed(1);
    const line = `${seconds} s  round ${roundsOver}  ${probesSent} probes  ${repliesReceived} replies`;
    this.#stream.write(`${CLEAR_LINE}${line.slice(0, this.#stream.columns - 1)}`);
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) this.#stream.write(CLEAR_LINE);
  }
}
