/**
 * What a receive ring takes, and what it leaves to raw sockets: of the packets that a filter of
 * `reply-filters.ts` passes, each goes one of the two ways. The ring sees packets as they are on
 * the wire, so that what came in fragments is for raw sockets, behind the kernel's reassembly. No
 * filter can tell a packet that was put together again from one that came whole, but for its
 * length: the ring takes only what nobody has reason to cut.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import {
  and,
  assemble,
  type BpfLine,
  type BpfProgram,
  jumpIfAbove,
  jumpIfEqual,
  label,
  load,
  returnLength,
} from './bpf.ts';
import { ETH_P_IP, ETH_P_IPV6, PACKET_HOST, PACKET_OUTGOING } from './linux-abi.ts';
import {
  checkPorts,
  directReplyLines,
  icmpLines,
  NETWORK_HEADER,
  type PortRange,
} from './reply-filters.ts';

/**
 * Packets up to this length are taken by the ring, in bytes from the IP header on. Every IPv4 link
 * carries 68 bytes whole (RFC 791 §3.2), which is an error that quotes all of a probe of 40; IPv6
 * links carry 1280 (RFC 8200 §5), of which a frame of the ring has room for these.
 */
export const RING_PACKET_BYTES_MAX = { 4: 68, 6: 168 } as const;

/** Of packets that leave, the ring keeps as much as tells them apart. */
export const SENT_BYTES = 96;

/** What the ring of one device listens for. */
export interface RingTraits {
  readonly family: IpFamily;
  /** Index of the device. */
  readonly device: number;
  /** The address that replies come to: 4 or 16 bytes, network order. */
  readonly address: Uint8Array;
}

/** What a ring takes beside its traits. */
export interface RingWishes {
  /** Protocol numbers of the probes. */
  readonly protocols: readonly number[];
  readonly ports: PortRange;
  /** Whether to take direct answers of TCP and UDP. */
  readonly hearsDirectly: boolean;
  /** Where these come from; undefined for anywhere. */
  readonly destination: Uint8Array | undefined;
  /** Whether to take probes that leave. */
  readonly seesSent: boolean;
}

/** Loads that tell something beside the packet (SKF_AD_OFF). */
const BESIDE = { protocol: 0, packetType: 4, device: 8, vlanTag: 44, isVlanTagged: 48 } as const;
const BESIDE_OFFSET = 0xfffff000;
const VLAN_NUMBER = 0x0fff;
/** Of an IP header without options. */
export const IP_HEADER_BYTES = { 4: 20, 6: 40 } as const;

/** Where the headers have what the filters look at (RFC 791 §3.1, RFC 8200 §3). */
const HEADERS = {
  4: { etherType: ETH_P_IP, protocol: 9, source: 12, destination: 16, icmp: 1, echo: 8 },
  6: { etherType: ETH_P_IPV6, protocol: 6, source: 8, destination: 24, icmp: 58, echo: 128 },
} as const;

/** The filter of a ring; its socket's data starts with the IP header. */
export function ringFilter(traits: RingTraits, wishes: RingWishes): BpfProgram {
  const { family, address } = traits;
  const { destination, protocols, ports, hearsDirectly, seesSent } = wishes;
  const header = HEADERS[family];
  const direct = protocols.filter((protocol) => hearsDirectly && protocol !== header.icmp);
  return assemble([
    ...beside('protocol'),
    jumpIfEqual(header.etherType, { whenFalse: 'refused' }),
    ...beside('packetType'),
    ...(seesSent ? [jumpIfEqual(PACKET_OUTGOING, { whenTrue: 'leaves' })] : []),
    jumpIfEqual(PACKET_HOST, { whenFalse: 'refused' }),
    ...checkUntagged(),
    ...checkWhole(family),
    ...checkAddress(address, header.destination, 'refused'),
    load('byte', header.protocol),
    jumpIfEqual(header.icmp, { whenTrue: 'icmp' }),
    ...direct.map((protocol) => jumpIfEqual(protocol, { whenTrue: 'direct' })),
    label('refused'),
    returnLength(0),
    ...(seesSent ? [label('leaves'), ...sentLines(traits, wishes)] : []),
    label('icmp'),
    ...behindHeader(family, icmpLines(family, protocols, ports)),
    ...(direct.length > 0
      ? [label('direct'), ...behindHeader(family, directReplyLines(family, destination, ports))]
      : []),
  ]);
}

/**
 * The lines of a raw socket's filter, in front of which what the ring takes is dropped.
 *
 * @param protocol of the socket
 */
export function restLines(
  { family, device, address }: RingTraits,
  protocol: number,
  lines: readonly BpfLine[],
): BpfLine[] {
  const { destination } = HEADERS[family];
  return [
    ...beside('device'),
    jumpIfEqual(device, { whenFalse: 'not-in-ring' }),
    ...beside('packetType'),
    jumpIfEqual(PACKET_HOST, { whenFalse: 'not-in-ring' }),
    ...checkAddress(address, NETWORK_HEADER + destination, 'not-in-ring'),
    ...(family === 4
      ? [load('half', NETWORK_HEADER + 2)]
      : [
          load('byte', NETWORK_HEADER + HEADERS[6].protocol), // an extension header of any kind
          jumpIfEqual(protocol, { whenFalse: 'not-in-ring' }),
          load('half', NETWORK_HEADER + 4),
        ]),
    jumpIfAbove(lengthFieldMax(family), { whenTrue: 'not-in-ring' }),
    returnLength(0),
    label('not-in-ring'),
    ...lines,
  ];
}

function beside(what: keyof typeof BESIDE): BpfLine[] {
  return [load('word', BESIDE_OFFSET + BESIDE[what])];
}

/** A tagged frame comes again, by the device of its VLAN; number 0 is no VLAN, but a priority. */
function checkUntagged(): BpfLine[] {
  return [
    ...beside('isVlanTagged'),
    jumpIfEqual(0, { whenTrue: 'untagged' }),
    ...beside('vlanTag'),
    and(VLAN_NUMBER),
    jumpIfEqual(0, { whenFalse: 'refused' }),
    label('untagged'),
  ];
}

/** IPv6 fragments have another protocol number than what they are fragments of. */
function checkWhole(family: IpFamily): BpfLine[] {
  const isFragment = [
    load('half', 6),
    and(0x3fff), // more to come, or an offset
    jumpIfEqual(0, { whenFalse: 'refused' }),
  ];
  return [
    ...(family === 4 ? isFragment : []),
    load('half', family === 4 ? 2 : 4),
    jumpIfAbove(lengthFieldMax(family), { whenTrue: 'refused' }),
  ];
}

/** IPv4 headers tell the length of the packet, IPv6 headers of what follows them. */
function lengthFieldMax(family: IpFamily): number {
  return family === 4 ? RING_PACKET_BYTES_MAX[4] : RING_PACKET_BYTES_MAX[6] - IP_HEADER_BYTES[6];
}

function checkAddress(address: Uint8Array, offset: number, otherwise: string): BpfLine[] {
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  return Array.from({ length: address.length / 4 }, (_, i) => [
    load('word', offset + 4 * i),
    jumpIfEqual(view.getUint32(4 * i), { whenFalse: otherwise }),
  ]).flat();
}

/** Passes probes: their ports, or the identifier of an echo, are ours. They have no IP options. */
function sentLines({ family, address }: RingTraits, { protocols, ports }: RingWishes): BpfLine[] {
  const header = HEADERS[family];
  const start = IP_HEADER_BYTES[family];
  const hasPorts = protocols.filter((protocol) => protocol !== header.icmp);
  const echo = [
    load('byte', start),
    jumpIfEqual(header.echo, { whenFalse: 'refused-sent' }),
    load('half', start + 4),
    ...checkPorts(ports, 'refused-sent', SENT_BYTES),
  ];
  const withPorts = [
    label('leaves-port'),
    load('half', start),
    ...checkPorts(ports, 'refused-sent', SENT_BYTES),
  ];
  return [
    ...checkAddress(address, header.source, 'refused-sent'),
    load('byte', header.protocol),
    ...hasPorts.map((protocol) => jumpIfEqual(protocol, { whenTrue: 'leaves-port' })),
    ...(protocols.includes(header.icmp)
      ? [jumpIfEqual(header.icmp, { whenFalse: 'refused-sent' }), ...echo]
      : [returnLength(0)]),
    ...(hasPorts.length > 0 ? withPorts : []),
    label('refused-sent'),
    returnLength(0),
  ];
}

/** A raw IPv6 socket has its data start behind the header, a ring with it. */
function behindHeader(family: IpFamily, lines: readonly BpfLine[]): readonly BpfLine[] {
  if (family === 4) return lines;
  const LD_ABSOLUTE = 0x20;
  return lines.map((line) => {
    if ('label' in line || (line.code & ~0x18) !== LD_ABSOLUTE) return line;
    if (line.k < NETWORK_HEADER) return { ...line, k: line.k + IP_HEADER_BYTES[6] };
    return { ...line, k: line.k - NETWORK_HEADER };
  });
}
