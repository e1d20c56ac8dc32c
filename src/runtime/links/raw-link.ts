/**
 * The packet seam on the kernel's raw sockets: one socket that sends, one for ICMP errors and echo
 * replies, and one for the targets' answers by each other protocol, all of one family. However many
 * targets there are, these sockets serve them all.
 */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../../model/packet-link.ts';
import { FrameSender, type NextHop } from '../../native/frame-sender.ts';
import { realtimeUs } from '../../native/host-clock.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../native/linux-abi.ts';
import {
  RawReceiver,
  type RawReceiverOptions,
  type ReceivedMessage,
} from '../../native/raw-receiver.ts';
import { type DevicesOfPorts, RawSender } from '../../native/raw-sender.ts';
import { Readiness } from '../../native/readiness.ts';
import {
  directReplyFilter,
  icmpFilter,
  type PortRange,
  passedIcmpTypes,
} from '../../native/reply-filters.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { monotonicUs } from '../clock.ts';
import { HostError } from '../host/host-error.ts';
import { KernelClock } from '../host/kernel-clock.ts';
import { grantAdvice } from '../host/raw-socket-advice.ts';
import { markDenied } from '../host/source-address.ts';

export type LinkProtocol = 'tcp' | 'udp' | 'icmp';

export interface RawLinkOptions {
  readonly family: IpFamily;
  /** Address of ours that probes carry: 4 or 16 bytes, network order. */
  readonly source: Uint8Array;
  /**
   * The only target of the probes: 4 or 16 bytes, network order. Undefined where there are several:
   * direct answers are then taken from everywhere.
   */
  readonly destination?: Uint8Array | undefined;
  /** What is sent; TCP alone unless told. */
  readonly protocols?: readonly LinkProtocol[];
  /** Whether to take direct answers of TCP and UDP; true unless told. */
  readonly hearsDirectly?: boolean;
  /** The longest packet to send: 128 bytes unless told. */
  readonly packetBytesMax?: number;
  /** Interface index of a link-local destination. */
  readonly scopeId?: number | undefined;
  /** Name of the device that probes leave by; replies are taken from every device. */
  readonly device?: string | undefined;
  /**
   * Whom to hand probes to, past the routes and the firewall of this host; the kernel routes them
   * unless told. Then the options above that are about routes count for nothing.
   */
  readonly nextHop?: NextHop | undefined;
  /** Which devices probes leave by; undefined where the kernel chooses for all. */
  readonly devices?: readonly DevicesOfPorts[] | undefined;
  /** Mark of the probes, for routing and firewalls of this host. */
  readonly mark?: number | undefined;
  /** Whether the kernel is asked when each probe left; false unless told. */
  readonly hasSendTimes?: boolean | undefined;
  /** Source ports of the probes, both included. */
  readonly ports: PortRange;
  /**
   * Packets wait to be received. Called on every turn of the event loop until `receive` has taken
   * them; an exception in it is an uncaught one.
   */
  readonly onReadable: () => void;
}

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
const IPV6_HEADER_BYTES = 40;

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
  const { family, nextHop } = options;
  return nextHop === undefined
    ? new RawSender({ ...options, ...room })
    : new FrameSender({ ...nextHop, ...room, family });
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
    this.#inlets = inletOptions(options).map((inlet) => ({
      receiver: opened(new RawReceiver(inlet)),
      protocol: inlet.protocol,
    }));
    const { packetBytesMax = OUTBOX_SLOT_BYTES } = options;
    const room = { slots: OUTBOX_SLOTS, slotBytes: Math.ceil(packetBytesMax / 8) * 8 };
    this.#sender = opened(senderOf(options, room));
    this.outbox = { ...room, bytes: this.#sender.packets, lengths: this.#sender.lengths };
    this.#clock = new KernelClock({ monotonicUs, realtimeUs });
    this.notes = [...new Set(this.#inlets.flatMap(({ receiver }) => bufferNote(receiver)))];
    const descriptors = this.#inlets.map(({ receiver }) => receiver.fd);
    opened(new Readiness(descriptors, options.onReadable));
  }

  send(count: number): SendReport {
    return this.#sender.send(count);
  }

  receive(_nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    this.#clock.sample();
    let handedOver = 0;
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
    this.#sender.sendTimes?.((sequence, realtimeUs) => {
      take(sequence, this.#clock.toMonotonicUs(realtimeUs));
    });
  }

  nextArrivalUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  counters(): RawLinkCounters {
    let [socketDrops, wrongChecksums] = [0, 0];
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

function inletOptions(options: RawLinkOptions): RawReceiverOptions[] {
  const { family, destination, ports, protocols = ['tcp'], hearsDirectly = true } = options;
  const headroomBytes = family === 4 ? 0 : IPV6_HEADER_BYTES;
  const icmp = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  const numbers = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP, icmp };
  const sent = protocols.map((protocol) => numbers[protocol]);
  const direct = sent
    .filter((protocol) => hearsDirectly && protocol !== icmp)
    .map((protocol) => ({
      family,
      protocol,
      filter: directReplyFilter(family, destination, ports),
      headroomBytes,
    }));
  const filter = icmpFilter(family, sent, ports);
  const icmpTypes = passedIcmpTypes(family, sent);
  return [{ family, protocol: icmp, filter, icmpTypes, headroomBytes }, ...direct];
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
