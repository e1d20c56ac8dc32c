/** By which sockets a link hears answers, and which share of them a receive ring takes. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { assemble } from '../../native/bpf.ts';
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from '../../native/linux-abi.ts';
import type { RawReceiverOptions } from '../../native/raw-receiver.ts';
import { directReplyLines, icmpLines, passedIcmpTypes } from '../../native/reply-filters.ts';
import { restLines } from '../../native/ring-filters.ts';
import { IPV6_HEADER_BYTES } from '../../wire/ipv6.ts';
import type { RawLinkOptions } from './raw-link-options.ts';
import { RingInlet } from './ring-inlet.ts';

const NUMBERS = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP };

function icmpOf(family: IpFamily): number {
  return family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

/** Numbers of what is sent. */
function sentProtocols({ family, protocols = ['tcp'] }: RawLinkOptions): number[] {
  const numbers = { ...NUMBERS, icmp: icmpOf(family) };
  return protocols.map((protocol) => numbers[protocol]);
}

/** What each receiving socket is to be like; ICMP's is the first. */
export function receiverOptions(options: RawLinkOptions): RawReceiverOptions[] {
  const { family, destination, ports, hearsDirectly = true, ringDevice, source } = options;
  // A raw IPv6 socket hands over what follows the header, which the link puts back in front.
  const headroomBytes = family === 4 ? 0 : IPV6_HEADER_BYTES;
  const icmp = icmpOf(family);
  const sent = sentProtocols(options);
  const direct = sent.filter((protocol) => hearsDirectly && protocol !== icmp);
  return [icmp, ...direct].map((protocol) => {
    const isIcmp = protocol === icmp;
    const lines = isIcmp
      ? icmpLines(family, sent, ports)
      : directReplyLines(family, destination, ports);
    const ring = { family, device: ringDevice ?? 0, address: source };
    const filter = assemble(ringDevice === undefined ? lines : restLines(ring, protocol, lines));
    const icmpTypes = isIcmp ? { icmpTypes: passedIcmpTypes(family, sent) } : {};
    return { family, protocol, filter, ...icmpTypes, headroomBytes };
  });
}

/** The ring that goes with them; undefined where none was asked for. @throws {SystemCallError} */
export function openRingInlet(options: RawLinkOptions): RingInlet | undefined {
  const { family, destination, ports, source, hearsDirectly = true, ringDevice } = options;
  if (ringDevice === undefined) return undefined;
  const seesSent = options.hasSendTimes === true;
  const protocols = sentProtocols(options);
  return new RingInlet(
    { family, device: ringDevice, address: source },
    { protocols, ports, hearsDirectly, destination, seesSent },
  );
}
