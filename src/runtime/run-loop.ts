/** Drives a probing engine over a packet link until whoever asks the questions has its answer. */

import type { PacketLink } from '../model/packet-link.ts';
import type { ProbeEngine } from '../probing/probe-engine.ts';
import type { Timeline } from './timeline.ts';

export interface Run {
  readonly engine: ProbeEngine;
  readonly link: PacketLink;
  readonly timeline: Timeline;
  /** Looks at what came in, and orders probes; the time at which it must be called again. */
  readonly advance: (nowUs: number) => number;
  readonly isDone: () => boolean;
  /** Whether sending has told something that `advance` should look at before any sleep. */
  readonly hasNews?: () => boolean;
  /** Stops the run when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Others on the event loop wait this long at most while there is something to send all the time.
 * Shorter gains them little: a batch of 64 takes half of it.
 */
export const SLICE_US = 1000;

/** Runs until done or aborted; the link stays open. */
export async function runProbing(run: Run): Promise<void> {
  const { engine, link, timeline, signal } = run;
  const wake = (): void => timeline.wake();
  signal?.addEventListener('abort', wake);
  let sliceEndUs = Number.POSITIVE_INFINITY;
  try {
    while (signal?.aborted !== true) {
      const nowUs = timeline.nowUs();
      if (sliceEndUs === Number.POSITIVE_INFINITY) sliceEndUs = nowUs + SLICE_US;
      link.sendTimes?.((sequence, sentAtUs) => engine.noteSendTime(sequence, sentAtUs));
      link.receive(nowUs, (packet, receivedAtUs) => engine.handle(packet, receivedAtUs));
      engine.advance(nowUs);
      const deadlineUs = run.advance(nowUs);
      if (run.isDone()) return;
      const { isRefused, isCut } = sendDue(run, sliceEndUs);
      if (isCut) {
        await timeline.breathe();
      } else {
        if (isRefused || run.hasNews?.() === true) continue;
        const next = Math.min(deadlineUs, engine.nextDeadlineUs(), link.nextArrivalUs());
        await timeline.sleepUntil(next);
      }
      sliceEndUs = Number.POSITIVE_INFINITY;
    }
  } finally {
    signal?.removeEventListener('abort', wake);
  }
}

/** With so few packets to send, exact send times are worth a system call for each. */
const UNHURRIED = 256;

/**
 * Sends what may leave now, in batches.
 *
 * @returns whether the kernel refused any of it, and whether time was up before all was sent
 */
function sendDue(
  { engine, link, timeline }: Pick<Run, 'engine' | 'link' | 'timeline'>,
  sliceEndUs: number,
): { readonly isRefused: boolean; readonly isCut: boolean } {
  let isRefused = false;
  const single = { ...link.outbox, slots: 1 };
  for (;;) {
    const pollUs = timeline.nowUs();
    if (pollUs >= sliceEndUs) return { isRefused, isCut: true };
    const outbox = engine.queued > UNHURRIED ? link.outbox : single;
    const count = engine.poll(outbox, pollUs);
    if (count === 0) return { isRefused, isCut: false };
    const nowUs = timeline.nowUs(); // writing the packets took its time
    const report = link.send(count, nowUs);
    engine.confirm(report, nowUs, timeline.nowUs());
    isRefused ||= report.error !== undefined;
  }
}
