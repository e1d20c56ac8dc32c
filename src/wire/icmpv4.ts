/** The numbers of ICMPv4 (RFC 792), and which errors may have an extension (RFC 4884 §4). */

import type { IcmpDialect, IcmpErrorCause } from './icmp.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';

const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;

/** Codes of an unreachable; the second: too big, and not to be fragmented (RFC 1191 §4). */
const PORT_UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

export const ICMPV4: IcmpDialect = {
  protocol: IP_PROTOCOL.icmpv4,
  echoRequest: 8,
  echoReply: 0,
  unreachable: UNREACHABLE,
  portUnreachableCode: PORT_UNREACHABLE,
  packetTooBig: { type: UNREACHABLE, code: FRAGMENTATION_NEEDED },
  timeExceeded: TIME_EXCEEDED,
  quoteLengthOffset: 5,
  quoteLengthUnitBytes: 4,
  causeOf,
  isExtensible: (type) =>
    type === UNREACHABLE || type === TIME_EXCEEDED || type === PARAMETER_PROBLEM,
};

function causeOf(type: number, code: number): IcmpErrorCause | undefined {
  switch (type) {
    case UNREACHABLE:
      return code === FRAGMENTATION_NEEDED ? 'packet-too-big' : 'unreachable';
    case TIME_EXCEEDED:
      return 'time-exceeded';
    case PARAMETER_PROBLEM:
      return 'parameter-problem';
    default:
      return undefined;
  }
}
