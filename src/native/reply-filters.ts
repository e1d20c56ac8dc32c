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
  jumpIfIndex,
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
const ERROR_TYPES: Readonly<Record<IpFamily, readonly number[]>> = {
  4: [3, 11, 12],
  6: [1, 2, 3, 4],
};

const WHOLE_PACKET = 0x40000;
/** Loads relative to the network header, where the socket's data starts after it (SKF_NET_OFF). */
export const NETWORK_HEADER = 0xfff00000;
const ICMP_HEADER_BYTES = 8;

/** Drops everything: for the time between opening a socket and filtering it. */
export const DROP_ALL: BpfProgram = assemble([returnLength(0)]);

/** What differs between the families in an echo reply. */
const ECHO_REPLY = { 4: 0, 6: 129 } as const;
const ICMP_PROTOCOL = { 4: 1, 6: 58 } as const;
/** Where ICMP has the identifier of an echo. */
const IDENTIFIER_OFFSET = 4;

/** ICMP types that `icmpLines` can pass: of errors, and where echoes are sent of replies. */
export function passedIcmpTypes(family: IpFamily, protocols: readonly number[]): number[] {
  const echo = protocols.includes(ICMP_PROTOCOL[family]) ? [ECHO_REPLY[family]] : [];
  return [...ERROR_TYPES[family], ...echo];
}

/**
 * Passes ICMP errors whose quote has one of these transport protocols and a source port of ours, or
 * for echoes an identifier in that range; with ICMP among the protocols echo replies, too. An
 * address translator that leaves quotes as they are may have changed the port: whatever was sent,
 * as the quote tells, from another address than the error was sent to, passes as well. A quoted
 * IPv6 packet with extension headers is dropped: probes have none. The lines drop at the label
 * `drop`, and may be followed by others that do.
 *
 * @param protocols protocol numbers of the probes: TCP, UDP, ICMP of the family
 */
export function icmpLines(
  family: IpFamily,
  protocols: readonly number[],
  ports: PortRange,
): BpfLine[] {
  const icmp = ICMP_PROTOCOL[family];
  const hasEchoes = protocols.includes(icmp);
  const isError = ERROR_TYPES[family].map((type) => jumpIfEqual(type, { whenTrue: 'error' }));
  const echoType = hasEchoes ? [jumpIfEqual(ECHO_REPLY[family], { whenTrue: 'echo' })] : [];
  const isOurs = protocols.map((protocol) =>
    jumpIfEqual(protocol, { whenTrue: protocol === icmp ? 'quoted-echo' : 'quoted-ports' }),
  );
  const { type, identifier, protocol, quotedField } = FIELDS[family];
  return [
    ...type,
    ...isError,
    ...echoType,
    returnLength(0),
    ...(hasEchoes ? [label('echo'), ...identifier, ...checkPorts(ports)] : []),
    label('error'),
    ...protocol,
    ...isOurs,
    returnLength(0),
    ...(hasEchoes
      ? [
          label('quoted-echo'),
          ...quotedField(IDENTIFIER_OFFSET),
          ...checkPorts(ports, 'other-port'),
        ]
      : []),
    ...(protocols.some((each) => each !== icmp)
      ? [label('quoted-ports'), ...quotedField(0), ...checkPorts(ports, 'other-port')]
      : []),
    label('other-port'),
    ...FIELDS[family].checkTranslated,
    label('drop'),
    returnLength(0),
  ];
}

/** How a socket's filter loads what it looks at: an IPv4 socket has the IP header in front. */
const FIELDS = {
  4: {
    type: [indexHeaderLength(0), loadIndexed('byte', 0)],
    identifier: [loadIndexed('half', IDENTIFIER_OFFSET)],
    protocol: [loadIndexed('byte', ICMP_HEADER_BYTES + 9)],
    /** The quote may have options, as the packet around it may. */
    quotedField: (offset: number): BpfLine[] => [
      loadIndexed('byte', ICMP_HEADER_BYTES),
      and(0x0f),
      shiftLeft(2),
      addIndex(),
      moveToIndex(),
      loadIndexed('half', ICMP_HEADER_BYTES + offset),
    ],
    checkTranslated: [
      indexHeaderLength(0),
      loadIndexed('word', ICMP_HEADER_BYTES + 12),
      moveToIndex(),
      load('word', 16),
      jumpIfIndex({ whenTrue: 'drop' }),
      returnLength(WHOLE_PACKET),
    ],
  },
  6: {
    type: [load('byte', 0)],
    identifier: [load('half', IDENTIFIER_OFFSET)],
    protocol: [load('byte', ICMP_HEADER_BYTES + 6)],
    quotedField: (offset: number): BpfLine[] => [load('half', ICMP_HEADER_BYTES + 40 + offset)],
    checkTranslated: [
      ...[0, 4, 8, 12].flatMap((word) => [
        load('word', ICMP_HEADER_BYTES + 8 + word),
        moveToIndex(),
        load('word', NETWORK_HEADER + 24 + word),
        jumpIfIndex({ whenFalse: 'translated' }),
      ]),
      returnLength(0),
      label('translated'),
      returnLength(WHOLE_PACKET),
    ],
  },
} as const;

/**
 * Passes packets to a port of ours, on a raw socket of a transport protocol that has its
 * destination port at byte 2.
 *
 * @param source only from there: 4 or 16 bytes, network order; undefined for anywhere
 */
export function directReplyLines(
  family: IpFamily,
  source: Uint8Array | undefined,
  ports: PortRange,
): BpfLine[] {
  const isV4 = family === 4;
  const loadPort = isV4
    ? [indexHeaderLength(0), loadIndexed('half', 2)] // raw IPv4 sockets deliver the IP header,
    : [load('half', 2)]; // raw IPv6 sockets do not
  return [
    ...(source === undefined ? [] : checkSource(source)),
    ...loadPort,
    ...checkPorts(ports),
    label('drop'),
    returnLength(0),
  ];
}

/** Drops what does not come from this address. */
function checkSource(source: Uint8Array): BpfLine[] {
  const words = new DataView(source.buffer, source.byteOffset, source.length);
  const isV4 = source.length === 4;
  const sourceField = NETWORK_HEADER + (isV4 ? 12 : 8);
  const fromSource: BpfLine[] = [];
  for (let at = 0; at < source.length; at += 4)
    fromSource.push(
      load('word', sourceField + at),
      jumpIfEqual(words.getUint32(at), { whenFalse: 'drop' }),
    );
  return fromSource;
}

/** Passes when the accumulator is a port of ours, and goes to a label otherwise. */
export function checkPorts(
  { low, high }: PortRange,
  otherwise = 'drop',
  keptBytes: number = WHOLE_PACKET,
): BpfLine[] {
  return [
    jumpIfAtLeast(low, { whenFalse: otherwise }),
    jumpIfAbove(high, { whenTrue: otherwise }),
    returnLength(keptBytes),
  ];
}
