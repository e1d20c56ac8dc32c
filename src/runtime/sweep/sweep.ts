/** Runs a sweep: window after window, with a checkpoint where one is done. */

import type { AddressSet } from '../../lib/address-ranges.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { SweepReply } from '../../model/sweep.ts';
import type {
  SweepCheckpoint,
  SweepRecord,
  SweepReplyRecord,
  SweepTotals,
} from '../../model/sweep-record.ts';
import { SweepEngine } from '../../probing/sweep/sweep-engine.ts';
import { SLICE_US } from '../run-loop.ts';
import { interfacesAsText, interfacesIn } from './sweep-checkpoint.ts';
import type { InterfaceExchange, SweepListener } from './sweep-listener.ts';
import type { SweepNetwork } from './sweep-network.ts';
import type { SweepSettings } from './sweep-settings.ts';
import { newTotals, type SweepOutcome, sweepRecordOf } from './sweep-summary.ts';
import { SweepWindows } from './sweep-windows.ts';

export interface SweepRun {
  readonly settings: SweepSettings;
  readonly targets: AddressSet;
  readonly excluded: number;
  readonly network: SweepNetwork;
  readonly listener: SweepListener;
  /** Undefined for one that sends alone. */
  readonly exchange?: InterfaceExchange | undefined;
  readonly signal: AbortSignal;
  /** What checkpoints are to belong to. */
  readonly digest: string;
  readonly resume?: SweepCheckpoint | undefined;
}

/** Send calls before replies are looked at again: a burst must not outgrow the receive buffer. */
const BATCHES_PER_TURN = 8;
/** Virtual and real time between two looks at progress. */
const PROGRESS_US = 250_000;

/**
 * Sweeps all targets, from the checkpoint on where there is one.
 *
 * @returns what it came to, also when it was interrupted
 */
export async function runSweep(run: SweepRun): Promise<SweepRecord> {
  return sweepRecordOf(run, await sweepOutcome(run));
}

/** The same as counts, for who adds several up. */
export function sweepOutcome(run: SweepRun): Promise<SweepOutcome> {
  return new Sweep(run).run();
}

class Sweep {
  readonly #run: SweepRun;
  readonly #windows: SweepWindows;
  readonly #engine: SweepEngine;
  readonly #before: SweepTotals;
  readonly #repliesByTtl: number[];
  readonly #startedAt = new Date();
  readonly #startedUs: number;
  #window: number;
  #reached: Uint8Array = new Uint8Array(0);
  /** Of the window that is open, by slot. */
  #probed: Uint8Array = new Uint8Array(0);
  #targetsReached: number;
  #targetsProbed: number;
  #progressDueUs = 0;

  constructor(run: SweepRun) {
    const { settings, targets, network, resume } = run;
    this.#run = run;
    this.#windows = new SweepWindows({
      ...settings,
      targets: targets.size,
      rate: settings.rates.total,
    });
    this.#before = resume?.totals ?? newTotals(settings);
    this.#repliesByTtl = [...this.#before.repliesByTtl];
    this.#targetsReached = this.#before.targetsReached;
    this.#targetsProbed = this.#before.targetsProbed;
    this.#window = resume?.windowsDone ?? 0;
    this.#startedUs = network.timeline.nowUs();
    this.#engine = new SweepEngine(
      {
        shape: {
          source: network.source,
          tos: 0,
          protocol: settings.protocol,
          sourcePort: settings.sourcePort,
          destinationPort: settings.port,
        },
        targets,
        flows: settings.flows,
        tokenKey: network.tokenKey,
        rates: settings.rates,
        timeoutUs: settings.timeoutUs,
        ownAddresses: network.ownAddresses,
      },
      { replied: (reply) => this.#replied(reply) },
    );
    for (const known of interfacesIn(resume)) this.#engine.interfaces.add(known);
  }

  async run(): Promise<SweepOutcome> {
    const { signal, network } = this.#run;
    const wake = (): void => network.timeline.wake();
    signal.addEventListener('abort', wake);
    try {
      const isComplete = await this.#sweep();
      await this.#progress(network.timeline.nowUs());
      return this.#outcome(isComplete);
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** @returns whether every window was done */
  async #sweep(): Promise<boolean> {
    const { network, signal } = this.#run;
    const { link, timeline } = network;
    if (!this.#openWindow()) return true;
    while (!signal.aborted && !this.#isAtLimit()) {
      const nowUs = timeline.nowUs();
      link.receive(nowUs, this.#handle);
      if (this.#engine.isWindowOver(nowUs)) {
        await this.#closeWindow();
        if (!this.#openWindow()) return true;
        continue;
      }
      const isCut = this.#send(nowUs);
      if (nowUs >= this.#progressDueUs) await this.#progress(nowUs);
      await this.#run.listener.relief?.();
      const dueUs = Math.min(this.#engine.nextDeadlineUs(nowUs), link.nextArrivalUs());
      await (isCut ? timeline.breathe() : timeline.sleepUntil(dueUs));
    }
    return false;
  }

  readonly #handle = (packet: Uint8Array, receivedAtUs: number): void =>
    this.#engine.handle(packet, receivedAtUs);

  /** @returns whether others on the event loop have waited long enough, and more is due */
  #send(startUs: number): boolean {
    const { link, timeline } = this.#run.network;
    let nowUs = startUs;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
      const count = this.#engine.poll(link.outbox, nowUs);
      if (count === 0) return false;
      this.#engine.confirm(link.send(count, nowUs), nowUs);
      nowUs = timeline.nowUs();
      link.receive(nowUs, this.#handle);
      if (nowUs >= startUs + SLICE_US) return true;
    }
    return false;
  }

  #openWindow(): boolean {
    if (this.#window >= this.#windows.count) return false;
    const window = this.#windows.open(this.#window);
    this.#reached = new Uint8Array(window.slots);
    this.#probed = window.probed;
    this.#targetsProbed += window.slots;
    this.#engine.openWindow(window, this.#run.network.timeline.nowUs());
    return true;
  }

  async #closeWindow(): Promise<void> {
    this.#window++;
    await this.#run.listener.windowDone({
      windowsDone: this.#window,
      isLast: this.#window === this.#windows.count,
      totals: () => this.#totals(),
      checkpoint: () => this.#checkpoint(),
    });
  }

  #checkpoint(): SweepCheckpoint {
    const { settings, listener } = this.#run;
    return {
      schema: 'fantrace.sweep-checkpoint/1',
      digest: this.#run.digest,
      seed: settings.seed,
      windowsDone: this.#window,
      totals: this.#totals(),
      outputLength: listener.outputLength(),
      interfaces: interfacesAsText(this.#engine.interfaces.values()),
    };
  }

  #totals(): SweepTotals {
    const { counters } = this.#engine;
    const elapsedMs = (this.#run.network.timeline.nowUs() - this.#startedUs) / 1000;
    return {
      durationMs: Math.round(this.#before.durationMs + elapsedMs),
      probesSent: this.#before.probesSent + counters.probesSent,
      repliesReceived: this.#before.repliesReceived + counters.replies,
      targetsProbed: this.#targetsProbed,
      targetsReached: this.#targetsReached,
      repliesByTtl: [...this.#repliesByTtl],
    };
  }

  #isAtLimit(): boolean {
    const sent = this.#before.probesSent + this.#engine.counters.probesSent;
    return sent >= this.#run.settings.maxProbes;
  }

  #replied(reply: SweepReply): void {
    const place = reply.ttl - this.#run.settings.minTtl;
    this.#repliesByTtl[place] = (this.#repliesByTtl[place] ?? 0) + 1;
    if (reply.isTarget && reply.slot >= 0 && this.#reached[reply.slot] === 0) {
      this.#reached[reply.slot] = 1;
      this.#targetsReached++;
    }
    if (reply.isNewInterface) this.#run.exchange?.found(reply.interfaceHash);
    this.#run.listener.replied(this.#recordOf(reply));
  }

  #recordOf(reply: SweepReply): SweepReplyRecord {
    const { target, responder, quotedTtl } = reply;
    return {
      target: formatIpAddress(target),
      flow: reply.flow,
      ttl: reply.ttl,
      from: formatIpAddress(responder),
      kind: reply.kind,
      code: reply.icmpCode,
      rttMs: reply.rttUs / 1000,
      rttExact: reply.isRttExact,
      replyTtl: reply.replyTtl,
      quotedTtl: quotedTtl < 0 ? null : quotedTtl,
      mpls: reply.mpls,
      atMs: Math.round(this.#before.durationMs + (reply.receivedAtUs - this.#startedUs) / 1000),
    };
  }

  async #progress(nowUs: number): Promise<void> {
    this.#progressDueUs = nowUs + PROGRESS_US;
    for (const found of this.#run.exchange?.others() ?? []) this.#engine.interfaces.add(found);
    const { probesSent, repliesReceived } = this.#totals();
    const { count } = this.#windows;
    await this.#run.listener.progressed({
      share: count === 0 ? 1 : this.#window / count,
      elapsedUs: nowUs - this.#startedUs,
      probesSent,
      repliesReceived,
      interfaces: this.#engine.interfaces.size,
      shareBefore: count === 0 ? 0 : (this.#run.resume?.windowsDone ?? 0) / count,
      probesSentBefore: this.#before.probesSent,
    });
  }

  #outcome(isComplete: boolean): SweepOutcome {
    const isInterrupted = this.#run.signal.aborted;
    if (!isComplete) this.#targetsProbed -= this.#probed.filter((each) => each === 0).length;
    return {
      startedAt: this.#startedAt,
      stopReason: isComplete ? 'complete' : isInterrupted ? 'interrupted' : 'probe-limit',
      totals: this.#totals(),
      counters: this.#engine.counters,
      interfaces: this.#engine.interfaces.size,
      inShard: this.#windows.targets,
    };
  }
}
