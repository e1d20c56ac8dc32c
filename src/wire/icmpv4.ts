/** The numbers of ICMPv4 (RFC 792), and which errors may have an extension (RFC 4884 §4). */

import type { IcmpDialect, IcmpErrorCause } from './icmp.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';

const UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;

/** Code of an unreachable: the packet may not be fragmented and is too big (RFC 1191 §4). */
const FRAGMENTATION_NEEDED = 4;

export const ICMPV4: IcmpDialect = {
  protocol: IP_PROTOCOL.icmpv4,
  echoRequest: 8,
  echoReply: 0,
  unreachable: UNREACHABLE,
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
