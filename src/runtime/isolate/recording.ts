/**
 * Recordings: everything a run is told by the world, which is the time, the packets and what
 * became of those that it sent. Since nothing else decides, a run on a replayed network does again
 * what it did, to the byte. Schema `fantrace.recording/1`; how it lies in a file is the business of
 * `recording-file.ts`.
 */

import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { LoopDelays } from '../../model/isolate-record.ts';
import type { LinkCounters, PacketArena, PacketLink } from '../../model/packet-link.ts';
import type { Network } from '../links/network.ts';
import type { Timeline } from '../timeline.ts';
import { VERSION } from '../version.ts';
import type { IsolateOptions } from './isolate-run.ts';

export const RECORDING_SCHEMA = 'fantrace.recording/1';

const NOTHING_COUNTED: LinkCounters = { socketDrops: 0, clockSteps: 0, wrongChecksums: 0 };

/** The first line: what the run was asked, and the network that it was given. */
export interface RecordingStart {
  readonly type: 'start';
  readonly schema: typeof RECORDING_SCHEMA;
  readonly version: string;
  readonly options: IsolateOptions;
  readonly network: {
    readonly source: string;
    readonly destinations: readonly string[];
    readonly port: number;
    readonly sourcePorts: readonly number[];
    readonly skippedPorts: readonly number[];
    readonly tokenKey: readonly number[];
    readonly ownAddresses: readonly string[];
    readonly notes: readonly string[];
    readonly outbox: { readonly slots: number; readonly slotBytes: number };
  };
}

/** One thing that the run was told. Times in µs of the run's own clock, packets in base64. */
export type RecordingEvent =
  | { readonly type: 'clock'; readonly us: number }
  | { readonly type: 'received'; readonly us: number; readonly packet: string }
  | {
      readonly type: 'sent';
      readonly packets: readonly string[];
      readonly accepted: number;
      readonly error?: string;
    }
  | ({ readonly type: 'counters' } & LinkCounters)
  /** The user's patience was over. */
  | { readonly type: 'interrupted' };

/** The last line: what the record holds beside the measurement. */
export interface RecordingEnd extends LoopDelays {
  readonly type: 'end';
  /** RFC 3339. */
  readonly startedAt: string;
  /** Names of addresses, as far as the DNS was asked. */
  readonly names: Readonly<Record<string, string>>;
  /** Whose networks they are in, as far as a database was asked. */
  readonly origins: Readonly<Record<string, AsOrigin>>;
}

/** What a recording can be refused for. */
export type RecordingErrorCode =
  | 'RECORDING_UNREADABLE'
  | 'RECORDING_INVALID'
  | 'RECORDING_TRUNCATED'
  | 'RECORDING_DIVERGES';

/** A recording that cannot be written, read or replayed. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code: RecordingErrorCode;

  constructor(code: RecordingErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The first line of a recording of a run on `network`. */
export function recordingStart(network: Network, options: IsolateOptions): RecordingStart {
  const { source, destinations, port, sourcePorts, skippedPorts, tokenKey, notes, link } = network;
  const { ownAddresses = [] } = network;
  const { slots, slotBytes } = link.outbox;
  return {
    type: 'start',
    schema: RECORDING_SCHEMA,
    version: VERSION,
    options,
    network: {
      source: formatIpAddress(source),
      destinations: destinations.map(formatIpAddress),
      port,
      sourcePorts,
      skippedPorts,
      tokenKey: [...tokenKey],
      ownAddresses: ownAddresses.map(formatIpAddress),
      notes,
      outbox: { slots, slotBytes },
    },
  };
}

/**
 * The same network, of which `write` hears everything that it tells.
 *
 * @param signal what may interrupt the run
 */
export function recordedNetwork(
  network: Network,
  write: (event: RecordingEvent) => void,
  signal: AbortSignal,
): Network {
  const { link, timeline } = network;
  const interrupted = (): void => write({ type: 'interrupted' });
  if (signal.aborted) interrupted();
  else signal.addEventListener('abort', interrupted, { once: true });
  let told: LinkCounters = NOTHING_COUNTED;
  const recordedLink: PacketLink = {
    outbox: link.outbox,
    send: (count, nowUs) => {
      const packets = Array.from({ length: count }, (_, slot) => packetIn(link.outbox, slot));
      const report = link.send(count, nowUs);
      const { accepted, error } = report;
      write({ type: 'sent', packets, accepted, ...(error === undefined ? {} : { error }) });
      return report;
    },
    receive: (nowUs, take) =>
      link.receive(nowUs, (packet, receivedAtUs) => {
        write({ type: 'received', us: receivedAtUs, packet: base64(packet) });
        take(packet, receivedAtUs);
      }),
    nextArrivalUs: () => link.nextArrivalUs(),
    counters: () => {
      const { socketDrops, clockSteps = 0, wrongChecksums = 0 } = link.counters();
      const counters = { socketDrops, clockSteps, wrongChecksums };
      if (JSON.stringify(counters) !== JSON.stringify(told))
        write({ type: 'counters', ...counters });
      told = counters;
      return counters;
    },
    close: () => link.close(),
  };
  const recordedTimeline: Timeline = {
    nowUs: () => {
      const us = timeline.nowUs();
      write({ type: 'clock', us });
      return us;
    },
    sleepUntil: (us) => timeline.sleepUntil(us),
    wake: () => timeline.wake(),
    breathe: () => timeline.breathe(),
  };
  return {
    ...network,
    link: recordedLink,
    timeline: recordedTimeline,
    counters: () => recordedLink.counters(),
  };
}

/** The events of a recording, one after the other. */
export interface RecordingCursor {
  /** The next event, which stays the next; undefined behind the last. */
  peek(): RecordingEvent | undefined;
  skip(): void;
}

/** A network that tells a run what it was told before, and aborts `signal` where it was. */
export function replayedNetwork(
  start: RecordingStart,
  end: RecordingEnd,
  cursor: RecordingCursor,
): { readonly network: Network; readonly signal: AbortSignal } {
  const interruption = new AbortController();
  const tape = new Tape(start.version, cursor, () => interruption.abort());
  const { source, destinations, outbox } = start.network;
  const link = new ReplayedLink(tape, outbox);
  const timeline: Timeline = {
    nowUs: () => tape.take('clock').us,
    sleepUntil: () => Promise.resolve(),
    wake: () => {},
    breathe: () => Promise.resolve(),
  };
  return {
    network: {
      ...start.network,
      link,
      timeline,
      source: addressBytes(source),
      destinations: destinations.map(addressBytes),
      tokenKey: Uint32Array.from(start.network.tokenKey),
      ownAddresses: start.network.ownAddresses.map(addressBytes),
      counters: () => link.counters(),
      close: () => {},
      replayed: {
        startedAt: end.startedAt,
        loopDelays: { loopDelayP99Ms: end.loopDelayP99Ms, loopDelayMaxMs: end.loopDelayMaxMs },
      },
    },
    signal: interruption.signal,
  };
}

type EventOf<Type extends RecordingEvent['type']> = Extract<RecordingEvent, { type: Type }>;

/** Gives out events in order, and knows when the run does not ask for what comes next. */
class Tape {
  readonly #version: string;
  readonly #cursor: RecordingCursor;
  readonly #interrupt: () => void;

  constructor(version: string, cursor: RecordingCursor, interrupt: () => void) {
    this.#version = version;
    this.#cursor = cursor;
    this.#interrupt = interrupt;
    this.#passInterruption();
  }

  isNext(type: RecordingEvent['type']): boolean {
    return this.#cursor.peek()?.type === type;
  }

  take<Type extends RecordingEvent['type']>(type: Type): EventOf<Type> {
    const event = this.#cursor.peek();
    if (event?.type !== type) throw this.diverged();
    this.#cursor.skip();
    this.#passInterruption();
    return event as EventOf<Type>;
  }

  diverged(): RecordingError {
    const same = this.#version === VERSION;
    const why = same
      ? 'the recording was changed, or is of another build'
      : `it was made by fantrace ${this.#version}, and this is ${VERSION}`;
    const message = `the recording cannot be replayed, as the run would go on differently: ${why}`;
    return new RecordingError('RECORDING_DIVERGES', message);
  }

  #passInterruption(): void {
    if (!this.isNext('interrupted')) return;
    this.#cursor.skip();
    this.#interrupt();
  }
}

class ReplayedLink implements PacketLink {
  readonly outbox: PacketArena;
  readonly #tape: Tape;
  #counters: LinkCounters = NOTHING_COUNTED;

  constructor(tape: Tape, { slots, slotBytes }: { slots: number; slotBytes: number }) {
    this.#tape = tape;
    const bytes = new Uint8Array(slots * slotBytes);
    this.outbox = { slots, slotBytes, bytes, lengths: new Uint16Array(slots) };
  }

  send(count: number): { accepted: number; error: string | undefined } {
    const { packets, accepted, error } = this.#tape.take('sent');
    const isSame =
      packets.length === count &&
      packets.every((packet, slot) => packet === packetIn(this.outbox, slot));
    if (!isSame) throw this.#tape.diverged();
    return { accepted, error };
  }

  receive(_nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    let count = 0;
    for (; this.#tape.isNext('received'); count++) {
      const { us, packet } = this.#tape.take('received');
      take(Buffer.from(packet, 'base64'), us);
    }
    return count;
  }

  nextArrivalUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  counters(): LinkCounters {
    if (this.#tape.isNext('counters')) {
      const { type: _, ...counters } = this.#tape.take('counters');
      this.#counters = counters;
    }
    return this.#counters;
  }

  close(): void {}
}

function packetIn({ bytes, slotBytes, lengths }: PacketArena, slot: number): string {
  return base64(bytes.subarray(slot * slotBytes, slot * slotBytes + (lengths[slot] ?? 0)));
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes !== undefined) return bytes;
  const message = `the recording is damaged: ${JSON.stringify(text)} is no address`;
  throw new RecordingError('RECORDING_INVALID', message);
}
