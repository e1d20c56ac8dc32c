/** What replies are read into: one record of each kind, which every packet of it fills anew. */

import type { Mutable } from '../lib/mutable.ts';
import type { InterfaceInformation } from './interface-information.ts';
import { NO_BYTES } from './octets.ts';
import { PacketPart } from './packet-part.ts';
import { NO_QUOTE } from './quote.ts';
import type {
  EchoReply,
  Envelope,
  IcmpErrorReply,
  OtherReply,
  TcpReply,
  UdpReply,
} from './reply.ts';

export const NO_ENTRIES: readonly number[] = [];
export const NO_INTERFACES: readonly InterfaceInformation[] = [];
const NO_ENVELOPE: Envelope = {
  family: 4,
  source: NO_BYTES,
  destination: NO_BYTES,
  replyTtl: 0,
  replyTos: 0,
  replyIdentification: 0,
  replyBytes: 0,
};

/** The records. */
export class ReplyRecords {
  readonly icmpError: Mutable<IcmpErrorReply> = {
    kind: 'icmp-error',
    ...NO_ENVELOPE,
    cause: 'time-exceeded',
    type: 0,
    code: 0,
    mtu: 0,
    quote: NO_QUOTE,
    mpls: NO_ENTRIES,
    interfaces: NO_INTERFACES,
  };
  readonly tcp: Mutable<TcpReply> = {
    kind: 'tcp',
    ...NO_ENVELOPE,
    sourcePort: 0,
    destinationPort: 0,
    sequence: 0,
    acknowledgment: 0,
    flags: 0,
  };
  readonly udp: Mutable<UdpReply> = {
    kind: 'udp',
    ...NO_ENVELOPE,
    sourcePort: 0,
    destinationPort: 0,
    payload: new PacketPart(),
  };
  readonly echo: Mutable<EchoReply> = {
    kind: 'icmp-echo-reply',
    ...NO_ENVELOPE,
    identifier: 0,
    sequence: 0,
    payload: new PacketPart(),
  };
  readonly other: Mutable<OtherReply> = { kind: 'other', ...NO_ENVELOPE, protocol: 0 };
}
