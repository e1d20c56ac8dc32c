/** The numbers of ICMPv6 (RFC 4443), and which errors may have an extension (RFC 4884 §4). */

import type { IcmpDialect, IcmpErrorCause } from './icmp.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';

const UNREACHABLE = 1;
const PACKET_TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const PARAMETER_PROBLEM = 4;

/** Code of an unreachable (RFC 4443 §3.1). */
const PORT_UNREACHABLE = 4;

export const ICMPV6: IcmpDialect = {
  protocol: IP_PROTOCOL.icmpv6,
  echoRequest: 128,
  echoReply: 129,
  unreachable: UNREACHABLE,
  portUnreachableCode: PORT_UNREACHABLE,
  packetTooBig: { type: PACKET_TOO_BIG, code: 0 },
  timeExceeded: TIME_EXCEEDED,
  quoteLengthOffset: 4,
  quoteLengthUnitBytes: 8,
  causeOf,
  isExtensible: (type) => type === UNREACHABLE || type === TIME_EXCEEDED,
};

function causeOf(type: number): IcmpErrorCause | undefined {
  switch (type) {
    case UNREACHABLE:
      return 'unreachable';
    case PACKET_TOO_BIG:
      return 'packet-too-big';
    case TIME_EXCEEDED:
      return 'time-exceeded';
    case PARAMETER_PROBLEM:
      return 'parameter-problem';
    default:
      return undefined;
  }
}
