/** Sends one part of a sweep's probes for another thread, on sockets of its own. */

import type { MessagePort } from 'node:worker_threads';
import { AddressSet } from '../../lib/address-ranges.ts';
import type { SweepReplyRecord } from '../../model/sweep-record.ts';
import { toldError } from '../calls/worker-messages.ts';
import type { SenderAnswer, SenderRequest, SenderTask } from './sender-messages.ts';
import { sweepOutcome } from './sweep.ts';
import { type ChunkTarget, encoderTo, type SweepOutput } from './sweep-encoders.ts';
import type { SweepListener } from './sweep-listener.ts';
import { openSweepNetwork, type SweepNetwork } from './sweep-network.ts';

/** Replies that are told together, and how many such batches may be unheard. */
const BATCH = 256;
const BATCHES_MAX = 4;

/** Serves until its part is done or has failed. */
export function serveSender(port: MessagePort): void {
  const sender = new Sender(port);
  port.on('message', (request: SenderRequest) => sender.take(request));
}

class Sender implements SweepListener {
  readonly #port: MessagePort;
  readonly #interruption = new AbortController();
  /** Who waits for what; one at a time for each. */
  readonly #waiting = new Map<string, () => void>();
  readonly #learnt: number[] = [];
  readonly #found: number[] = [];
  #replies: SweepReplyRecord[] = [];
  #unheard = 0;
  #isHeard = false;
  #output: SweepOutput | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  take(request: SenderRequest): void {
    if (request.type === 'open') void this.#serve(request.task);
    else if (request.type === 'learn')
      for (const each of request.interfaces) this.#learnt.push(each);
    else if (request.type === 'settle') void this.#settle();
    else if (request.type === 'abort') this.#abort();
    else if (request.type === 'taken' && request.what === 'replies') {
      this.#unheard--;
      this.#wake('replies');
    } else this.#wake(request.type === 'taken' ? 'chunk' : request.type);
  }

  async #serve(task: SenderTask): Promise<void> {
    let network: SweepNetwork | undefined;
    try {
      const targets = new AddressSet(task.targets);
      network = await openSweepNetwork(task.place, { settings: task.settings, targets });
      this.#isHeard = task.isHeard;
      const { outputKind } = task;
      this.#output = outputKind && (await encoderTo(outputKind, this.#target()));
      const started = this.#asked('start');
      this.#post({ type: 'opened' });
      await started;
      const outcome = await sweepOutcome({
        settings: task.settings,
        targets,
        excluded: 0,
        network,
        listener: this,
        exchange: {
          found: (interfaceHash) => this.#found.push(interfaceHash),
          others: () => this.#learnt.splice(0),
        },
        signal: this.#interruption.signal,
        digest: '',
        resume: task.resume,
      });
      await this.#output?.settle();
      this.#tell();
      const { source, notes } = network;
      const counters = { ...network.counters() };
      this.#post({ type: 'done', result: { outcome, source, notes, counters } });
    } catch (error) {
      this.#post({ type: 'failed', error: toldError(error) });
    } finally {
      network?.close();
      this.#port.close();
    }
  }

  replied(reply: SweepReplyRecord): void {
    this.#output?.add(reply);
    if (this.#isHeard) this.#replies.push({ ...reply, mpls: [...reply.mpls] });
  }

  async windowDone({
    windowsDone,
    totals,
  }: Parameters<SweepListener['windowDone']>[0]): Promise<void> {
    this.#tell();
    const mayGo = this.#asked('go');
    this.#post({ type: 'window', state: { windowsDone, totals: totals() } });
    await mayGo;
  }

  progressed(progress: Parameters<SweepListener['progressed']>[0]): Promise<void> {
    this.#tell();
    this.#post({ type: 'progress', progress });
    return Promise.resolve();
  }

  /** The other thread knows. */
  outputLength(): number {
    return 0;
  }

  relief(): Promise<void> | undefined {
    if (this.#replies.length >= BATCH) this.#tellReplies();
    if (this.#unheard >= BATCHES_MAX) return this.#asked('replies');
    return this.#output?.relief();
  }

  async #settle(): Promise<void> {
    try {
      await this.#output?.settle();
      this.#post({ type: 'settled' });
    } catch (error) {
      this.#post({ type: 'failed', error: toldError(error) });
    }
  }

  /** All that waits to be told, but for what the output holds. */
  #tell(): void {
    if (this.#replies.length > 0) this.#tellReplies();
    if (this.#found.length === 0) return;
    this.#post({ type: 'found', interfaces: Uint32Array.from(this.#found.splice(0)) });
  }

  #tellReplies(): void {
    this.#unheard++;
    this.#post({ type: 'replies', replies: this.#replies });
    this.#replies = [];
  }

  #target(): ChunkTarget {
    return {
      length: 0, // the other thread knows
      write: (bytes) => {
        const taken = this.#asked('chunk');
        this.#post({ type: 'chunk', bytes });
        return taken;
      },
      close: () => Promise.resolve(),
    };
  }

  /** Resolves with the next request of that kind, or when nothing is worth waiting for. */
  #asked(what: 'start' | 'go' | 'chunk' | 'replies'): Promise<void> {
    return new Promise((resolve) => {
      if (this.#interruption.signal.aborted && what !== 'chunk') resolve();
      else this.#waiting.set(what, resolve);
    });
  }

  #wake(what: string): void {
    const waiting = this.#waiting.get(what);
    this.#waiting.delete(what);
    waiting?.();
  }

  /** Chunks are still taken then, as what is measured counts. */
  #abort(): void {
    this.#interruption.abort();
    for (const what of ['start', 'go', 'replies']) this.#wake(what);
  }

  #post(answer: SenderAnswer): void {
    this.#port.postMessage(answer);
  }
}
