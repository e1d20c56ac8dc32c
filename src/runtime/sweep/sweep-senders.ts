/**
 * A sweep by several threads, each with sockets of its own: they divide the targets as shards do
 * and the pace evenly, and are one sweep to everybody else. See docs/decisions/0033-senders.md.
 */

import { Uint32Set } from '../../lib/hash-set.ts';
import type { SweepCheckpoint, SweepRecord } from '../../model/sweep-record.ts';
import { errorOf } from '../calls/worker-messages.ts';
import { type BarrierSender, CheckpointBarrier } from './checkpoint-barrier.ts';
import {
  type OpenSweep,
  placeOf,
  requireSent,
  type SweepParty,
  type SweepQuestion,
} from './open-sweep.ts';
import type { SenderAnswer, SenderRequest, SenderResult } from './sender-messages.ts';
import { type SenderPort, startWorker } from './sender-port.ts';
import { addedProgress, addedResults, addedTotals, senderTasks } from './sender-sums.ts';
import { interfacesAsText, interfacesIn, requireWritable } from './sweep-checkpoint.ts';
import type { ChunkTarget } from './sweep-encoders.ts';
import { SweepJournal } from './sweep-journal.ts';
import type { SweepProgress } from './sweep-listener.ts';
import { openSweepTarget } from './sweep-output.ts';
import { newTotals, sweepRecordOf } from './sweep-summary.ts';

const INTERFACES_MAX = 2 ** 23;
const PROGRESS_MS = 250;

/**
 * Starts the threads, which open their sockets, and opens the files.
 *
 * @throws as `openSweep` does
 */
export async function openSenders(
  question: SweepQuestion,
  party: SweepParty,
  start: () => SenderPort = startWorker,
): Promise<OpenSweep> {
  const senders = new Senders(question, party);
  try {
    await senders.open(start);
    const { withSockets = (openFiles) => openFiles() } = party;
    await withSockets(() => senders.openFiles());
  } catch (error) {
    await senders.close();
    throw error;
  }
  return senders;
}

/** One of the threads, as far as it is known here. */
interface Sender extends BarrierSender {
  readonly port: SenderPort;
  /** Where it was when its last window was done. */
  done: NonNullable<SweepCheckpoint['senders']>[number];
  progress: SweepProgress | undefined;
  result: SenderResult | undefined;
}

class Senders implements OpenSweep {
  readonly #question: SweepQuestion;
  readonly #party: SweepParty;
  readonly #senders: Sender[] = [];
  readonly #interfaces = new Uint32Set(INTERFACES_MAX);
  /** Chunks and batches, one after the other. */
  #writing: Promise<void> = Promise.resolve();
  #target: ChunkTarget | undefined;
  #journal: SweepJournal | undefined;
  readonly #barrier: CheckpointBarrier;
  #progressDueMs = 0;
  #failure: { readonly error: unknown } | undefined;
  #changed = (): void => {};

  constructor(question: SweepQuestion, party: SweepParty) {
    this.#question = question;
    this.#party = party;
    this.#barrier = new CheckpointBarrier(this.#senders, {
      isDue: () => this.#journal?.isDue() === true,
      note: () => this.#note(),
    });
    for (const known of interfacesIn(question.resume)) this.#interfaces.add(known);
  }

  async open(start: () => SenderPort): Promise<void> {
    const { settings, resume } = this.#question;
    const isHeard = this.#party.replied !== undefined || this.#party.output !== undefined;
    for (const task of senderTasks(this.#question, placeOf(this.#question), isHeard)) {
      const nothing = { windowsDone: 0, totals: newTotals(settings) };
      const sender: Sender = {
        port: start(),
        state: 'opening',
        done: resume?.senders?.[task.sender] ?? nothing,
        progress: undefined,
        result: undefined,
      };
      this.#senders.push(sender);
      const gone = (error: Error): void => this.#gone(sender, error);
      sender.port.on('message', (answer) => this.#take(sender, answer));
      sender.port.on('error', gone);
      sender.port.on('messageerror', gone);
      sender.port.on('exit', () => gone(new Error('a thread that sends has ended')));
      sender.port.postMessage({ type: 'open', task });
    }
    await this.#until(() => this.#senders.every(({ state }) => state === 'open'));
  }

  async openFiles(): Promise<void> {
    const { output: outputName, checkpoint } = this.#question.options;
    const { resume } = this.#question;
    if (checkpoint !== undefined) await requireWritable(checkpoint);
    if (outputName !== undefined) {
      this.#target = await openSweepTarget(outputName, resume?.outputLength);
    }
    const target = this.#target;
    const output = target && {
      get length() {
        return target.length;
      },
      settle: async () => {
        await this.#writing;
        await target.sync?.();
      },
    };
    this.#journal = new SweepJournal({ output, outputName, checkpoint });
  }

  async run(): Promise<SweepRecord> {
    const { signal } = this.#party;
    const abort = (): void => this.#tellAll({ type: 'abort' });
    signal.addEventListener('abort', abort);
    try {
      if (signal.aborted) abort();
      for (const sender of this.#senders) sender.state = 'sending';
      this.#tellAll({ type: 'start' });
      await this.#until(() => this.#senders.every(({ state }) => state === 'over'));
      await this.#writing;
      await this.#party.output?.settle();
      await this.#progress();
      const results = this.#senders.flatMap(({ result }) => result ?? []);
      const { settings, targets, resume } = this.#question;
      const { network, outcome } = addedResults(results, this.#interfaces.size);
      const { set, excluded } = targets;
      const record = sweepRecordOf({ settings, targets: set, excluded, resume, network }, outcome);
      if (record.stopReason === 'complete') await this.#journal?.note(() => this.#checkpoint());
      requireSent(record);
      return record;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    this.#failure ??= { error: new Error('closed') };
    this.#tellAll({ type: 'abort' });
    await this.#ended();
    await this.#target?.close();
  }

  /** Sockets are closed by the threads themselves, which all end by `done` or `failed`. */
  async #ended(): Promise<void> {
    while (this.#senders.some(({ state }) => state !== 'over')) await this.#change();
  }

  /** @throws what has gone wrong by then; the threads end by themselves */
  async #until(isSo: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isSo()) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Of the state of a sender, or by a failure. One at a time waits for it. */
  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve));
  }

  #take(sender: Sender, answer: SenderAnswer): void {
    switch (answer.type) {
      case 'opened':
        this.#become(sender, 'open');
        break;
      case 'found':
        this.#share(sender, answer.interfaces);
        break;
      case 'chunk':
        this.#write(sender, 'chunk', async () => this.#target?.write(answer.bytes));
        break;
      case 'replies':
        this.#write(sender, 'replies', async () => this.#hear(answer.replies));
        break;
      case 'window':
        sender.done = answer.state;
        this.#become(sender, 'held');
        break;
      case 'settled':
        this.#become(sender, 'settled');
        break;
      case 'progress':
        sender.progress = answer.progress;
        if (performance.now() >= this.#progressDueMs) void this.#progress();
        break;
      case 'done':
        sender.result = answer.result;
        this.#become(sender, 'over');
        break;
      case 'failed':
        this.#gone(sender, errorOf(answer.error));
        break;
    }
  }

  #become(sender: Sender, state: Sender['state']): void {
    sender.state = state;
    this.#barrier.proceed(this.#failure === undefined);
    this.#changed();
  }

  async #note(): Promise<void> {
    try {
      await this.#journal?.note(() => this.#checkpoint());
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkpoint(): SweepCheckpoint {
    const { digest, settings } = this.#question;
    const senders = this.#senders.map(({ done }) => done);
    return {
      schema: 'fantrace.sweep-checkpoint/1',
      digest,
      seed: settings.seed,
      windowsDone: senders.reduce((sum, { windowsDone }) => sum + windowsDone, 0),
      totals: addedTotals(senders.map(({ totals }) => totals)),
      outputLength: this.#journal?.outputLength() ?? 0,
      interfaces: interfacesAsText(this.#interfaces.values()),
      senders,
    };
  }

  #share(finder: Sender, found: Uint32Array): void {
    const interfaces = found.filter((each) => this.#interfaces.add(each));
    if (interfaces.length === 0) return;
    for (const sender of this.#senders) {
      if (sender !== finder) sender.port.postMessage({ type: 'learn', interfaces });
    }
  }

  /** After a failure everything is taken, so that the threads come to their end. */
  #write(sender: Sender, what: 'chunk' | 'replies', write: () => Promise<void>): void {
    this.#writing = this.#writing
      .then(() => (this.#failure === undefined ? write() : undefined))
      .catch((error: unknown) => this.#fail(error))
      .then(() => sender.port.postMessage({ type: 'taken', what }));
  }

  async #hear(replies: Extract<SenderAnswer, { type: 'replies' }>['replies']): Promise<void> {
    const { output, replied, relief } = this.#party;
    for (const reply of replies) {
      output?.add(reply);
      replied?.(reply);
    }
    await (output?.relief() ?? relief?.());
  }

  async #progress(): Promise<void> {
    this.#progressDueMs = performance.now() + PROGRESS_MS;
    const known = this.#senders.flatMap(({ progress }) => progress ?? []);
    if (known.length < this.#senders.length) return;
    try {
      await this.#party.progressed?.(addedProgress(known, this.#interfaces.size));
    } catch (error) {
      this.#fail(error);
    }
  }

  #gone(sender: Sender, error: Error): void {
    if (sender.state === 'over') return;
    sender.state = 'over';
    this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#tellAll({ type: 'abort' });
    this.#changed();
  }

  #tellAll(request: SenderRequest): void {
    for (const { port, state } of this.#senders) if (state !== 'over') port.postMessage(request);
  }
}
