/**
 * The filters that keep other people's packets off our sockets: which ICMP errors quote a probe of
 * ours, and which direct replies come from the target. What they pass still has to be matched; what
 * is too short to tell, they drop, such as a quote that ends before the ports of the probe.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import {
  addIndex,
  and,
  assemble,
  type BpfLine,
  type BpfProgram,
  indexHeaderLength,
  jumpIfAbove,
  jumpIfAtLeast,
  jumpIfEqual,
  label,
  load,
  loadIndexed,
  moveToIndex,
  returnLength,
  shiftLeft,
} from './bpf.ts';

/** Ports that are ours, both included, host order. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/**
 * ICMP types of errors: unreachable, time exceeded, parameter problem (RFC 792; redirects are no
 * answer to a probe), in IPv6 also packet too big (RFC 4443).
 */
export const ERROR_TYPES: Readonly<Record<IpFamily, readonly number[]>> = {
  4: [3, 11, 12],
  6: [1, 2, 3, 4],
};

const WHOLE_PACKET = 0x40000;
/** Loads relative to the network header, where the socket's data starts after it (SKF_NET_OFF). */
const NETWORK_HEADER = 0xfff00000;
const ICMP_HEADER_BYTES = 8;

/** Drops everything: for the time between opening a socket and filtering it. */
export const DROP_ALL: BpfProgram = assemble([returnLength(0)]);

/**
 * Passes ICMP errors whose quote has this transport protocol and a source port of ours. A quoted
 * IPv6 packet with extension headers is dropped: probes have none.
 *
 * @param protocol transport protocol number of the probes, which starts with its source port
 */
export function errorFilter(family: IpFamily, protocol: number, ports: PortRange): BpfProgram {
  const quote = ICMP_HEADER_BYTES;
  const isError = ERROR_TYPES[family].map((type) => jumpIfEqual(type, { whenTrue: 'error' }));
  if (family === 6)
    return assemble([
      load('byte', 0),
      ...isError,
      returnLength(0),
      label('error'),
      load('byte', quote + 6),
      jumpIfEqual(protocol, { whenFalse: 'drop' }),
      load('half', quote + 40),
      ...passPorts(ports),
    ]);
  return assemble([
    indexHeaderLength(0),
    loadIndexed('byte', 0),
    ...isError,
    returnLength(0),
    label('error'),
    loadIndexed('byte', quote + 9),
    jumpIfEqual(protocol, { whenFalse: 'drop' }),
    loadIndexed('byte', quote), // the quote may have options, as the packet around it may
    and(0x0f),
    shiftLeft(2),
    addIndex(),
    moveToIndex(),
    loadIndexed('half', quote),
    ...passPorts(ports),
  ]);
}

/**
 * Passes packets from `source` to a port of ours, on a raw socket of a transport protocol that has
 * its destination port at byte 2.
 *
 * @param source 4 or 16 bytes, network order
 */
export function directReplyFilter(source: Uint8Array, ports: PortRange): BpfProgram {
  const words = new DataView(source.buffer, source.byteOffset, source.length);
  const isV4 = source.length === 4;
  const sourceField = NETWORK_HEADER + (isV4 ? 12 : 8);
  const fromSource: BpfLine[] = [];
  for (let at = 0; at < source.length; at += 4)
    fromSource.push(
      load('word', sourceField + at),
      jumpIfEqual(words.getUint32(at), { whenFalse: 'drop' }),
    );
  const loadPort = isV4
    ? [indexHeaderLength(0), loadIndexed('half', 2)] // raw IPv4 sockets deliver the IP header,
    : [load('half', 2)]; // raw IPv6 sockets do not
  return assemble([...fromSource, ...loadPort, ...passPorts(ports)]);
}

/** The end of a filter: passes when the accumulator is a port of ours. */
function passPorts({ low, high }: PortRange): BpfLine[] {
  return [
    jumpIfAtLeast(low, { whenFalse: 'drop' }),
    jumpIfAbove(high, { whenTrue: 'drop' }),
    returnLength(WHOLE_PACKET),
    label('drop'),
    returnLength(0),
  ];
}
