/** What a matched reply means, in the words of the model. */

import { formatIpAddress, isSameAddress } from '../lib/ip-address.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { InterfaceInfo, ProbeReply, ReplyDetails, ReplyKind } from '../model/probe.ts';
import type { InterfaceInformation } from '../wire/interface-information.ts';
import { IPV6_HEADER_BYTES, ipv6TrafficClass } from '../wire/ipv6.ts';
import { uint16At } from '../wire/octets.ts';
import type { EchoReply, IcmpErrorReply, Reply, TcpReply, UdpReply } from '../wire/reply.ts';
import { TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import type { Match } from './reply-matcher.ts';
import type { Order } from './send-queue.ts';

/** Kinds of replies that may answer a probe. */
export type AnswerReply = IcmpErrorReply | TcpReply | UdpReply | EchoReply;

/** A reply and the probe that it answers. */
export interface ProbeAnswer extends Match {
  readonly reply: AnswerReply;
  /** The whole of it, from the IP header on. */
  readonly packet: Uint8Array;
  /** Monotonic. */
  readonly sentAtUs: number;
  /** Whether that is what the kernel noted. */
  readonly isStamped: boolean;
  readonly rttUs: number;
}

const PORT_UNREACHABLE = { 4: 3, 6: 4 } as const;
const NO_INTERFACES: readonly InterfaceInfo[] = [];
const NO_LABELS: readonly number[] = [];

/** Whether a reply is of a kind that may answer a probe. */
export function isAnswer(reply: Reply): reply is AnswerReply {
  return reply.kind !== 'other';
}

/** Field by field: a spread takes V8 longer than all the rest. */
export function probeReplyOf(
  answer: ProbeAnswer,
  { flow, ttl, round }: Order,
  addresses: AddressBook,
): ProbeReply {
  const { reply } = answer;
  const isIcmpError = reply.kind === 'icmp-error';
  return {
    flow,
    ttl,
    round,
    kind: kindOf(reply),
    responder: addresses.indexOf(reply.source),
    isTarget: isFromTarget(answer),
    code: isIcmpError ? reply.code : 0,
    rttUs: answer.rttUs,
    replyTtl: reply.replyTtl,
    quotedTtl: isIcmpError ? reply.quote.ttl : 0,
    mpls: isIcmpError ? reply.mpls : NO_LABELS,
    details: detailsOf(answer),
  };
}

function detailsOf(answer: ProbeAnswer): ReplyDetails {
  const { reply, packet, sentAtUs, isStamped, isTranslated, key } = answer;
  const isIcmpError = reply.kind === 'icmp-error';
  const isV4 = reply.family === 4;
  return {
    sentAtUs,
    isStamped,
    icmpType: isIcmpError ? reply.type : echoReplyType(reply),
    mtu: isIcmpError ? reply.mtu : 0,
    quotedTos: isIcmpError ? reply.quote.tos : -1,
    isTranslated,
    matchedBy: key,
    replyBytes: isV4 ? uint16At(packet, 2) : IPV6_HEADER_BYTES + uint16At(packet, 4),
    replyTos: isV4 ? (packet[1] ?? 0) : ipv6TrafficClass(packet, 0),
    replyIdentification: isV4 ? uint16At(packet, 4) : 0,
    quotedBytes: isIcmpError ? reply.quote.totalLength : 0,
    tcpFlags: reply.kind === 'tcp' ? reply.flags : -1,
    interfaces: isIcmpError ? interfacesOf(reply) : NO_INTERFACES,
  };
}

function interfacesOf({ interfaces }: IcmpErrorReply): readonly InterfaceInfo[] {
  return interfaces.length === 0 ? NO_INTERFACES : interfaces.map(interfaceOf);
}

function echoReplyType(reply: TcpReply | UdpReply | EchoReply): number {
  if (reply.kind !== 'icmp-echo-reply') return -1;
  return reply.family === 4 ? 0 : 129;
}

function interfaceOf(information: InterfaceInformation): InterfaceInfo {
  const { role, index, address, name, mtu } = information;
  return { role, index, name, mtu, address: address && formatIpAddress(address) };
}

/** A port unreachable ends a UDP trace, also when it comes from another address of the target. */
function isFromTarget({ reply, flow: { flow } }: ProbeAnswer): boolean {
  if (isSameAddress(reply.source, flow.destination)) return true;
  if (reply.kind !== 'icmp-error' || reply.cause !== 'unreachable') return false;
  const isUdp = flow.protocol === 'udp' || flow.protocol === 'udp-classic';
  return isUdp && reply.code === PORT_UNREACHABLE[reply.family];
}

/** What a reply is, whatever probe it answers. */
export function kindOf(reply: AnswerReply): ReplyKind {
  switch (reply.kind) {
    case 'tcp':
      if ((reply.flags & TCP_SYN) !== 0) return 'accepted';
      return (reply.flags & TCP_RST) === 0 ? 'acknowledged' : 'refused';
    case 'udp':
      return 'datagram';
    case 'icmp-echo-reply':
      return 'echo-reply';
    default:
      return reply.cause === 'time-exceeded' ? 'time-exceeded' : 'unreachable';
  }
}
