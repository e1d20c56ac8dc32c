/**
 * The packet seam on the kernel's raw sockets: one socket that sends, one for ICMP errors and echo
 * replies, and one for the targets' answers by each other protocol, all of one family. However many
 * targets there are, these sockets serve them all.
 */

import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../../model/packet-link.ts';
import { FrameSender } from '../../native/frame-sender.ts';
import { realtimeUs } from '../../native/host-clock.ts';
import { RawReceiver, type ReceivedMessage } from '../../native/raw-receiver.ts';
import { RawSender } from '../../native/raw-sender.ts';
import { Readiness } from '../../native/readiness.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { IPV6_HEADER_BYTES } from '../../wire/ipv6.ts';
import { monotonicUs } from '../clock.ts';
import { HostError } from '../host/host-error.ts';
import { KernelClock } from '../host/kernel-clock.ts';
import { grantAdvice } from '../host/raw-socket-advice.ts';
import { markDenied } from '../host/source-address.ts';
import { openRingInlet, receiverOptions } from './raw-inlets.ts';
import type { RawLinkOptions } from './raw-link-options.ts';
import type { RingInlet } from './ring-inlet.ts';

export interface RawLinkCounters extends LinkCounters {
  readonly clockSteps: number;
  readonly wrongChecksums: number;
  /** Packets longer than a receive slot, handed over without their end. */
  readonly truncated: number;
  /** IPv6 packets not handed over, as the kernel did not tell where they were sent. */
  readonly unaddressed: number;
}

export interface RawLink extends PacketLink {
  counters(): RawLinkCounters;
  /** What the kernel granted less of than asked, a sentence each; empty when all is well. */
  readonly notes: readonly string[];
}

const OUTBOX_SLOTS = 64; // all that batching gains is there at 16; more only blurs send times
const OUTBOX_SLOT_BYTES = 128; // IPv6 and TCP header with all TCP options are 100

/**
 * Opens the sockets: replies to whatever is sent from then on arrive. After `close` neither the
 * outbox nor a received packet may be touched, as another link may have got the memory.
 *
 * @throws {HostError} RAW_SOCKET_DENIED
 * @throws {SystemCallError} for other failures
 * @throws {UnsupportedPlatformError} elsewhere than on Linux x64 or arm64
 * @throws {RangeError} when an address is not of the family
 */
export function openRawLink(options: RawLinkOptions): RawLink {
  const addressBytes = options.family === 4 ? 4 : 16;
  for (const address of [options.source, options.destination])
    if (address !== undefined && address.length !== addressBytes)
      throw new RangeError(
        `an IPv${options.family} address has ${addressBytes} bytes, not ${address.length}`,
      );
  const resources: Resource[] = [];
  try {
    return new RawSocketLink(options, resources);
  } catch (error) {
    closeAll(resources);
    throw error instanceof SystemCallError ? explained(error) : error;
  }
}

interface Resource {
  close(): void;
}

/** A socket that sends, of either kind. */
type Sender = Pick<RawSender, 'packets' | 'lengths' | 'send' | 'close'> &
  Partial<Pick<RawSender, 'sendTimes'>>;

function senderOf(
  options: RawLinkOptions,
  room: { readonly slots: number; readonly slotBytes: number },
): Sender {
  const { family, nextHops } = options;
  return nextHops === undefined
    ? new RawSender({ ...options, ...room, hasSendTimes: hasStamps(options) })
    : new FrameSender({ nextHops, ...room, family });
}

/** Whether the sending socket tells send times; a ring does it otherwise. */
function hasStamps({ hasSendTimes = false, ringDevice }: RawLinkOptions): boolean {
  return hasSendTimes && ringDevice === undefined;
}

/** A receiver, and the protocol number that its packets have in their IPv6 header. */
interface Inlet {
  readonly receiver: RawReceiver;
  readonly protocol: number;
}

class RawSocketLink implements RawLink {
  readonly outbox: PacketArena;
  readonly notes: readonly string[];
  readonly #sender: Sender;
  readonly #inlets: readonly Inlet[];
  readonly #ring: RingInlet | undefined;
  readonly #resources: Resource[];
  readonly #clock: KernelClock;
  #truncated = 0;
  #unaddressed = 0;

  /** @param resources takes what was opened, in order, also when the constructor then throws */
  constructor(options: RawLinkOptions, resources: Resource[]) {
    const opened = <T extends Resource>(resource: T): T => {
      resources.push(resource);
      return resource;
    };
    this.#resources = resources;
    this.#inlets = receiverOptions(options).map((inlet) => ({
      receiver: opened(new RawReceiver(inlet)),
      protocol: inlet.protocol,
    }));
    const ring = openRingInlet(options);
    this.#ring = ring && opened(ring);
    const { packetBytesMax = OUTBOX_SLOT_BYTES } = options;
    const room = { slots: OUTBOX_SLOTS, slotBytes: Math.ceil(packetBytesMax / 8) * 8 };
    this.#sender = opened(senderOf(options, room));
    this.outbox = { ...room, bytes: this.#sender.packets, lengths: this.#sender.lengths };
    this.#clock = new KernelClock({ monotonicUs, realtimeUs });
    this.notes = [...new Set(this.#inlets.flatMap(({ receiver }) => bufferNote(receiver)))];
    const descriptors = this.#inlets.map(({ receiver }) => receiver.fd);
    if (ring !== undefined) descriptors.push(ring.fd);
    opened(new Readiness(descriptors, options.onReadable));
  }

  send(count: number): SendReport {
    const report = this.#sender.send(count);
    this.#ring?.noteSent(this.outbox, report.accepted);
    return report;
  }

  receive(_nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    this.#clock.sample();
    const takeFrame = (packet: Uint8Array, atUs: number): void =>
      take(packet, this.#clock.toMonotonicUs(atUs));
    let handedOver = this.#ring?.receive(takeFrame) ?? 0;
    for (const { receiver, protocol } of this.#inlets) {
      receiver.receive((message) => {
        if (message.isTruncated) this.#truncated++;
        if (!isWholePacket(receiver, message, protocol)) {
          this.#unaddressed++;
          return;
        }
        handedOver++;
        take(message.packet, this.#clock.toMonotonicUs(message.realtimeUs));
      });
    }
    return handedOver;
  }

  sendTimes(take: (sequence: number, sentAtUs: number) => void): void {
    const source = this.#ring ?? this.#sender;
    source.sendTimes?.((sequence, realtimeUs) => {
      take(sequence, this.#clock.toMonotonicUs(realtimeUs));
    });
  }

  nextArrivalUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  counters(): RawLinkCounters {
    let socketDrops = this.#ring?.droppedPackets() ?? 0;
    let wrongChecksums = this.#ring?.damaged ?? 0;
    for (const { receiver } of this.#inlets) {
      socketDrops += receiver.droppedPackets();
      wrongChecksums += receiver.wrongChecksums();
    }
    return {
      socketDrops,
      wrongChecksums,
      clockSteps: this.#clock.steps,
      truncated: this.#truncated,
      unaddressed: this.#unaddressed,
    };
  }

  close(): void {
    closeAll(this.#resources);
  }
}

/** Latest first: the watch on the sockets goes before the sockets. */
function closeAll(resources: Resource[]): void {
  for (const resource of resources.splice(0).reverse()) resource.close();
}

/**
 * Makes `message.packet` start with an IP header. Raw IPv4 sockets deliver it. For IPv6 it is
 * written into the headroom (RFC 8200 §3) from what the kernel told beside the packet; traffic
 * class and flow label, which it did not tell, are 0.
 *
 * @returns false when the kernel did not tell enough
 */
function isWholePacket(
  { family, bytes }: RawReceiver,
  { packet, sourceOffset, destinationOffset, hopLimit }: ReceivedMessage,
  protocol: number,
): boolean {
  if (family === 4) return true;
  if (destinationOffset === -1 || hopLimit === -1) return false;
  const payloadBytes = packet.length - IPV6_HEADER_BYTES;
  packet[0] = 0x60;
  packet[1] = 0;
  packet[2] = 0;
  packet[3] = 0;
  packet[4] = payloadBytes >> 8;
  packet[5] = payloadBytes & 0xff;
  packet[6] = protocol;
  packet[7] = hopLimit;
  for (let i = 0; i < 16; i++) {
    packet[8 + i] = bytes[sourceOffset + i] as number;
    packet[24 + i] = bytes[destinationOffset + i] as number;
  }
  return true;
}

function bufferNote({ bufferBytes, bufferBytesWanted }: RawReceiver): string[] {
  if (bufferBytes >= bufferBytesWanted) return [];
  const mebibytes = (bytes: number): string => `${Number((bytes / 2 ** 20).toPrecision(3))} MiB`;
  return [
    `receive buffer ${mebibytes(bufferBytes)} instead of ${mebibytes(bufferBytesWanted)}: bursts ` +
      'of replies may be lost here; grant CAP_NET_ADMIN, or ' +
      `sudo sysctl -w net.core.rmem_max=${bufferBytesWanted}`,
  ];
}

function explained(error: SystemCallError): Error {
  if (error.syscall === 'setsockopt SO_MARK') return markDenied(error);
  const isDenied = error.code === 'EPERM' || error.code === 'EACCES';
  if (error.syscall !== 'socket' || !isDenied) return error;
  const message = 'raw sockets need the capability CAP_NET_RAW, which this process lacks';
  return new HostError('RAW_SOCKET_DENIED', `${message}\n${grantAdvice(process)}`, error);
}
