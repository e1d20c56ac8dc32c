/** What comes back to a prober, as far as it may answer a probe; `reply-reader.ts` reads it. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { IcmpErrorCause } from './icmp.ts';
import type { InterfaceInformation } from './interface-information.ts';
import type { PacketPart } from './packet-part.ts';
import type { Quote } from './quote.ts';

export type Reply = IcmpErrorReply | TcpReply | UdpReply | EchoReply | OtherReply;

/** What every reply has. Addresses are the reader's: its next reply fills them anew. */
export interface Envelope {
  readonly family: IpFamily;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit left when it arrived. */
  readonly replyTtl: number;
  /** TOS or traffic class; of IPv6 a link may not know it: then 0. */
  readonly replyTos: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly replyIdentification: number;
  /** Length of the whole packet as its header tells it. */
  readonly replyBytes: number;
}

export interface IcmpErrorReply extends Envelope {
  readonly kind: 'icmp-error';
  readonly cause: IcmpErrorCause;
  readonly type: number;
  /** Time exceeded with code 1 (reassembly) comes from an end host: it shows no hop. */
  readonly code: number;
  /** Of the next link, for `packet-too-big`: bytes, 0 when not told; 0 for other causes. */
  readonly mtu: number;
  readonly quote: Quote;
  /** Label stack entries, 32 bits each, outermost first; `decodeMplsEntry` takes one apart. */
  readonly mpls: readonly number[];
  readonly interfaces: readonly InterfaceInformation[];
}

export interface TcpReply extends Envelope {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** As in `TcpSegment`. */
  readonly flags: number;
}

export interface UdpReply extends Envelope {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: PacketPart;
}

export interface EchoReply extends Envelope {
  readonly kind: 'icmp-echo-reply';
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: PacketPart;
}

/** A valid packet that answers no probe: echo request, redirect, neighbour discovery, fragment. */
export interface OtherReply extends Envelope {
  readonly kind: 'other';
  readonly protocol: number;
}
