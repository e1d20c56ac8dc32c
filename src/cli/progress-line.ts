/** One line on a terminal's stderr that tells how a run goes on; nothing at all elsewhere. */

import { counted } from '../lib/counted.ts';

/** How far a run is. */
export interface ShownProgress {
  readonly elapsedUs: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  /** What is being done, of a run that does one thing after the other. */
  readonly stage?: string;
  /** Of a run that has rounds. */
  readonly roundsOver?: number;
}

/** Nothing is shown for what is over sooner. */
const SHOWN_AFTER_MS = 1000;
/** Nobody reads faster, and a terminal far away would hold the run up. */
const SHOWN_EVERY_MS = 100;
const WIDTH_DEFAULT = 80;
const CLEAR_LINE = '\r\u001b[K';

/** Rewrites its line until `clear`. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  /** A terminal that can clear a line. */
  readonly #isCapable: boolean;
  /** By our own clock: simulated time costs nobody any. */
  #dueMs = performance.now() + SHOWN_AFTER_MS;
  #isShown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#isCapable = stream.isTTY && process.env['TERM'] !== 'dumb';
  }

  show({ elapsedUs, probesSent, repliesReceived, stage, roundsOver }: ShownProgress): void {
    const seconds = (elapsedUs / 1e6).toFixed(1);
    const replies = counted(repliesReceived, 'reply', 'replies');
    const counts = `${counted(probesSent, 'probe')}  ${replies}`;
    const doing = stage === undefined ? '' : `${stage}  `;
    const round = roundsOver === undefined ? '' : `round ${roundsOver}  `;
    this.showText(`${seconds} s  ${doing}${round}${counts}`);
  }

  /** @param line text of our own */
  showText(line: string): void {
    const nowMs = performance.now();
    if (!this.#isCapable || nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + SHOWN_EVERY_MS;
    this.#stream.write(
      `${CLEAR_LINE}${line.slice(0, (this.#stream.columns || WIDTH_DEFAULT) - 1)}`,
    );
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) this.#stream.write(CLEAR_LINE);
    this.#isShown = false;
  }
}
