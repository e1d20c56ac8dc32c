/**
 * Recordings: everything a run is told by the world, which is the time, the packets and what
 * became of those that it sent. Since nothing else decides, a run on a replayed network does again
 * what it did, to the byte (`replayed-network.ts`). Schema `fantrace.recording/1`; how it lies in a
 * file is the business of `recording-file.ts`.
 */

import { formatIpAddress } from '../../lib/ip-address.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { LoopDelays } from '../../model/isolate-record.ts';
import type { LinkCounters, PacketArena, PacketLink } from '../../model/packet-link.ts';
import type { Network } from '../links/network.ts';
import type { Timeline } from '../timeline.ts';
import { VERSION } from '../version.ts';
import type { IsolateOptions } from './isolate-run.ts';

export const RECORDING_SCHEMA = 'fantrace.recording/1';

/** What a link has counted at first. */
export const NOTHING_COUNTED: LinkCounters = { socketDrops: 0, clockSteps: 0, wrongChecksums: 0 };

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
export type RecordingErrorCode = 'RECORDING_INVALID' | 'RECORDING_TRUNCATED' | 'RECORDING_DIVERGES';

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
  return { ...network, link: recordedLink, timeline: recordedTimeline };
}

/** The packet in a slot, as events have it. */
export function packetIn({ bytes, slotBytes, lengths }: PacketArena, slot: number): string {
  return base64(bytes.subarray(slot * slotBytes, slot * slotBytes + (lengths[slot] ?? 0)));
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
