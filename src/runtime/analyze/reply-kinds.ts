/** What kind of reply the numbers in files mean. */

import type { ReplyKind } from '../../model/probe.ts';
import { ICMPV4 } from '../../wire/icmpv4.ts';
import { ICMPV6 } from '../../wire/icmpv6.ts';
import { TCP_RST, TCP_SYN } from '../../wire/tcp.ts';

/** Of an ICMP message. What no probe is answered with counts as an error of who sent it. */
export function icmpReplyKind({
  family,
  type,
}: {
  readonly family: 4 | 6;
  readonly type: number;
}): ReplyKind {
  const icmp = family === 4 ? ICMPV4 : ICMPV6;
  if (type === icmp.echoReply) return 'echo-reply';
  return icmp.causeOf(type, 0) === 'time-exceeded' ? 'time-exceeded' : 'unreachable';
}

/** Of a TCP segment. */
export function tcpReplyKind(flags: number): ReplyKind {
  if ((flags & TCP_RST) !== 0) return 'refused';
  return (flags & TCP_SYN) === 0 ? 'acknowledged' : 'accepted';
}
