/** A network that repeats what a recording holds, and notices a run that goes on differently. */

import { parseIpAddress } from '../../lib/ip-address.ts';
import type { LinkCounters, PacketArena, PacketLink } from '../../model/packet-link.ts';
import type { Network } from '../links/network.ts';
import type { Timeline } from '../timeline.ts';
import { VERSION } from '../version.ts';
import {
  NOTHING_COUNTED,
  packetIn,
  type RecordingEnd,
  RecordingError,
  type RecordingEvent,
  type RecordingStart,
} from './recording.ts';

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

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes !== undefined) return bytes;
  const message = `the recording is damaged: ${JSON.stringify(text)} is no address`;
  throw new RecordingError('RECORDING_INVALID', message);
}
