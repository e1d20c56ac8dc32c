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

/** Runs until done or aborted; the link stays open. */
export async function runProbing(run: Run): Promise<void> {
  const { engine, link, timeline, signal } = run;
  const wake = (): void => timeline.wake();
  signal?.addEventListener('abort', wake);
  try {
    while (signal?.aborted !== true) {
      const nowUs = timeline.nowUs();
      link.sendTimes?.((sequence, sentAtUs) => engine.noteSendTime(sequence, sentAtUs));
      link.receive(nowUs, (packet, receivedAtUs) => engine.handle(packet, receivedAtUs));
      engine.advance(nowUs);
      const deadlineUs = run.advance(nowUs);
      if (run.isDone()) return;
      const isRefused = sendDue(engine, link, timeline);
      if (isRefused || run.hasNews?.() === true) continue;
      const next = Math.min(deadlineUs, engine.nextDeadlineUs(), link.nextArrivalUs());
      await timeline.sleepUntil(next);
    }
  } finally {
    signal?.removeEventListener('abort', wake);
  }
}

/** With so few packets to send, exact send times are worth a system call for each. */
const UNHURRIED = 256;

/** Sends all that may leave now, in batches. @returns whether the kernel refused any of it */
function sendDue(engine: ProbeEngine, link: PacketLink, timeline: Timeline): boolean {
  let isRefused = false;
  const single = { ...link.outbox, slots: 1 };
  for (;;) {
    const outbox = engine.queued > UNHURRIED ? link.outbox : single;
    const count = engine.poll(outbox, timeline.nowUs());
    if (count === 0) return isRefused;
    const nowUs = timeline.nowUs(); // writing the packets took its time
    const report = link.send(count, nowUs);
    engine.confirm(report, nowUs, timeline.nowUs());
    isRefused ||= report.error !== undefined;
  }
}
