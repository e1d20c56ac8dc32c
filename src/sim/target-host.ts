/** What the target answers to which probe, and what a SYN proxy answers in its place. */

import { TCP_ACK, TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import {
  type Answer,
  acknowledgmentOf,
  echoReply,
  portUnreachable,
  reset,
  synAck,
} from './answers.ts';
import { flowHash, mixBits } from './flow-hash.ts';
import type { ProbeEnd } from './network.ts';
import type { NetworkPlan } from './network-plan.ts';
import type { ProbePacket } from './probe-packet.ts';
import type { ScenarioTarget } from './scenario-model.ts';
import { TokenBucket } from './token-bucket.ts';

/** The host behind a target's address. */
export class TargetHost {
  readonly #target: ScenarioTarget;
  readonly #seed: number;
  readonly #bucket: TokenBucket | undefined;

  constructor(target: ScenarioTarget, { seed }: Pick<NetworkPlan, 'seed'>) {
    this.#target = target;
    this.#seed = seed;
    this.#bucket = target.answerLimit && new TokenBucket(target.answerLimit);
  }

  /** The answer to a probe that arrived; undefined where there is none. */
  answer(probe: ProbePacket, end: ProbeEnd): Answer | undefined {
    if (this.#target.answer === 'drop') return undefined;
    const answer = this.#unlimitedAnswer(probe, end);
    if (answer === undefined || this.#bucket === undefined) return answer;
    return this.#bucket.take(end.atUs) ? answer : undefined;
  }

  /** What a proxy sends to every SYN, as if the target had accepted. */
  proxyAnswer(probe: ProbePacket): Answer | undefined {
    const { transport } = probe;
    if (transport.kind !== 'tcp') return undefined;
    return synAck(probe, transport.segment, this.#sequenceOf(probe));
  }

  /** What it answers to a SYN while it awaits the end of a handshake that another began. */
  acknowledgment(probe: ProbePacket, first: number): Answer | undefined {
    const { transport } = probe;
    if (transport.kind !== 'tcp') return undefined;
    return acknowledgmentOf(probe, transport.segment, { first, sequence: this.#sequenceOf(probe) });
  }

  #unlimitedAnswer(probe: ProbePacket, end: ProbeEnd): Answer | undefined {
    const { transport } = probe;
    if (transport.kind === 'udp') return portUnreachable(probe, end);
    if (transport.kind === 'echo') return echoReply(probe, transport.message);
    if (transport.kind !== 'tcp') return undefined;
    const { flags, destinationPort } = transport.segment;
    if ((flags & TCP_RST) !== 0) return undefined; // RFC 9293 §3.10.7.1: a reset is never answered
    const { answer, port } = this.#target;
    const isOpen = answer === 'accept' && destinationPort === port;
    if (!isOpen || !isSyn(flags)) return reset(probe, transport.segment);
    return synAck(probe, transport.segment, this.#sequenceOf(probe));
  }

  #sequenceOf({ flow }: ProbePacket): number {
    return mixBits(flowHash(flow) ^ this.#seed);
  }
}

/** Whether a segment with these flags asks for a connection. */
export function isSyn(flags: number): boolean {
  return (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
}
