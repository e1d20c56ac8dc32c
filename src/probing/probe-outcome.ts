/** What a matched reply means, in the words of the model. */

import { formatIpAddress, isSameAddress } from '../lib/ip-address.ts';
import type { Mutable } from '../lib/mutable.ts';
import type { AddressBook } from '../model/address-book.ts';
import {
  type InterfaceInfo,
  NO_DETAILS,
  type ProbeReply,
  type ReplyDetails,
  type ReplyKind,
} from '../model/probe.ts';
import { ICMP_DIALECTS } from '../wire/families.ts';
import type { InterfaceInformation } from '../wire/interface-information.ts';
import type { EchoReply, IcmpErrorReply, Reply, TcpReply, UdpReply } from '../wire/reply.ts';
import { TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import type { Flow } from './flow.ts';
import type { AnswerTimes, InFlight } from './in-flight.ts';
import type { Match } from './reply-matcher.ts';

/** Kinds of replies that may answer a probe. */
export type AnswerReply = IcmpErrorReply | TcpReply | UdpReply | EchoReply;

const NO_LABELS: readonly number[] = [];

/** Whether a reply is of a kind that may answer a probe. */
export function isAnswer(reply: Reply): reply is AnswerReply {
  return reply.kind !== 'other';
}

/** Tells answers in the words of the model, by one object that is filled anew for each. */
export class OutcomeTeller {
  readonly #addresses: AddressBook;
  readonly #inFlight: InFlight;
  readonly #details: Mutable<ReplyDetails> = { ...NO_DETAILS };
  readonly #outcome: Mutable<ProbeReply> = {
    flow: 0,
    ttl: 0,
    round: 0,
    kind: 'time-exceeded',
    responder: 0,
    isTarget: false,
    code: 0,
    rttUs: 0,
    replyTtl: 0,
    quotedTtl: 0,
    mpls: NO_LABELS,
    details: this.#details,
  };

  constructor(addresses: AddressBook, inFlight: InFlight) {
    this.#addresses = addresses;
    this.#inFlight = inFlight;
  }

  /** @returns what is valid until the next call */
  outcomeOf(match: Match, reply: AnswerReply, times: AnswerTimes): ProbeReply {
    const { slot, flow } = match;
    const outcome = this.#outcome;
    outcome.flow = this.#inFlight.flow[slot] ?? 0;
    outcome.ttl = this.#inFlight.ttl[slot] ?? 0;
    outcome.round = this.#inFlight.round[slot] ?? 0;
    outcome.kind = kindOf(reply);
    outcome.responder = this.#addresses.indexOf(reply.source);
    outcome.isTarget = isFromTarget(reply, flow.flow);
    outcome.rttUs = times.rttUs;
    outcome.replyTtl = reply.replyTtl;
    const details = this.#details;
    details.sentAtUs = times.sentAtUs;
    details.isStamped = times.isStamped;
    details.isTranslated = match.isTranslated;
    details.matchedBy = match.key;
    details.replyBytes = reply.replyBytes;
    details.replyTos = reply.replyTos;
    details.replyIdentification = reply.replyIdentification;
    details.tcpFlags = reply.kind === 'tcp' ? reply.flags : -1;
    this.#tellQuote(reply);
    return outcome;
  }

  /** What an ICMP error tells beyond that. */
  #tellQuote(reply: AnswerReply): void {
    const outcome = this.#outcome;
    const details = this.#details;
    const error = reply.kind === 'icmp-error' ? reply : undefined;
    outcome.code = error?.code ?? 0;
    outcome.quotedTtl = error?.quote.ttl ?? 0;
    outcome.mpls = error?.mpls ?? NO_LABELS;
    details.icmpType = error?.type ?? echoReplyType(reply);
    details.mtu = error?.mtu ?? 0;
    details.quotedTos = error?.quote.tos ?? -1;
    details.quotedBytes = error?.quote.totalLength ?? 0;
    details.interfaces = error === undefined ? NO_DETAILS.interfaces : interfacesOf(error);
  }
}

function interfacesOf({ interfaces }: IcmpErrorReply): readonly InterfaceInfo[] {
  return interfaces.length === 0 ? NO_DETAILS.interfaces : interfaces.map(interfaceOf);
}

function echoReplyType(reply: AnswerReply): number {
  if (reply.kind !== 'icmp-echo-reply') return -1;
  return ICMP_DIALECTS[reply.family].echoReply;
}

function interfaceOf(information: InterfaceInformation): InterfaceInfo {
  const { role, index, address, name, mtu } = information;
  return { role, index, name, mtu, address: address && formatIpAddress(address) };
}

/** A port unreachable ends a UDP trace, also when it comes from another address of the target. */
function isFromTarget(reply: AnswerReply, flow: Flow): boolean {
  if (isSameAddress(reply.source, flow.destination)) return true;
  if (reply.kind !== 'icmp-error' || reply.cause !== 'unreachable') return false;
  const isUdp = flow.protocol === 'udp' || flow.protocol === 'udp-classic';
  return isUdp && reply.code === ICMP_DIALECTS[reply.family].portUnreachableCode;
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
