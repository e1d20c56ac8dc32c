/**
 * Marks of ICMP unreachables as traceroute prints them: `!H` and the like. IPv4 codes are those of
 * RFC 1812 §5.2.7.1, IPv6 types and codes those of RFC 4443 §3.
 */

import type { IpFamily } from '../lib/ip-address.ts';

/** What an ICMP error says. */
export interface IcmpCause {
  readonly family: IpFamily;
  readonly type: number;
  readonly code: number;
  /** Of the next link, where the packet was too big: bytes, 0 when not told. */
  readonly mtu: number;
}

const IPV4_UNREACHABLE = 3;
const IPV6_UNREACHABLE = 1;
const IPV6_TOO_BIG = 2;
const IPV6_PARAMETER_PROBLEM = 4;
const IPV4_PORT_CODE = 3;
const IPV6_PORT_CODE = 4;
const IPV4_FRAGMENTATION_CODE = 4;

const IPV4_MARKS: Readonly<Record<number, string>> = {
  0: '!N',
  1: '!H',
  2: '!P',
  5: '!S',
  6: '!N',
  7: '!H',
  8: '!N',
  9: '!X',
  10: '!X',
  11: '!N',
  12: '!H',
  13: '!X',
  14: '!V',
  15: '!C',
};

const IPV6_MARKS: Readonly<Record<number, string>> = {
  0: '!N',
  1: '!X',
  2: '!S',
  3: '!H',
  5: '!S',
  6: '!X',
};

/** The mark; empty for what ends or continues a trace in the ordinary way. */
export function icmpMark({ family, type, code, mtu }: IcmpCause): string {
  const tooBig = mtu > 0 ? `!F-${mtu}` : '!F';
  if (family === 4) {
    if (type !== IPV4_UNREACHABLE || code === IPV4_PORT_CODE) return '';
    return code === IPV4_FRAGMENTATION_CODE ? tooBig : (IPV4_MARKS[code] ?? `!<${code}>`);
  }
  if (type === IPV6_TOO_BIG) return tooBig;
  if (type === IPV6_PARAMETER_PROBLEM) return code === 1 ? '!P' : `!<${code}>`;
  if (type !== IPV6_UNREACHABLE || code === IPV6_PORT_CODE) return '';
  return IPV6_MARKS[code] ?? `!<${code}>`;
}
