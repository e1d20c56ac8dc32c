/**
 * A simulated network for programs that know nothing of packets: one call sends a probe and waits
 * for its answer, in virtual time that only such calls move on. What speaks packets itself takes
 * `link`.
 */

import { formatIpAddress, type IpFamily, parseIpAddress } from '../lib/ip-address.ts';
import { reasonOf } from '../lib/reason.ts';
import { isMalformed } from '../wire/malformed.ts';
import type { QuotedTransport } from '../wire/quote.ts';
import type { Reply } from '../wire/reply.ts';
import { readReply } from '../wire/reply-reader.ts';
import { TCP_RST } from '../wire/tcp.ts';
import { ScenarioError } from './json-fields.ts';
import { type NetworkPlan, nodeOfAddress, planNetwork } from './network-plan.ts';
import { lengthMin, type ProbeProtocol, type WrittenProbe, writeProbe } from './probe-writer.ts';
import { parseScenario } from './scenario.ts';
import type { Scenario } from './scenario-model.ts';
import { SimulatedLink } from './simulated-link.ts';

export interface SimulateOptions {
  /** That of the scenario unless told. */
  readonly family?: IpFamily;
  /** That of the scenario unless told: another seed gives other paths and other losses. */
  readonly seed?: number;
}

/** One packet to send, and how long to wait; every field has a default. */
export interface ProbeOptions {
  /** A TCP SYN, a UDP datagram or an ICMP echo request; `tcp` unless told. */
  readonly protocol?: ProbeProtocol;
  /** TTL or hop limit, 1 to 255; 64 unless told. */
  readonly ttl?: number;
  /** Source port, or identifier of an echo request: one flow each; 40 000 unless told. */
  readonly sourcePort?: number;
  /** The scenario's target port unless told. */
  readonly port?: number;
  /** Of the whole packet; as short as possible unless told. */
  readonly lengthBytes?: number;
  /** TOS or traffic class; 0 unless told. */
  readonly tos?: number;
  /** Virtual time to wait for an answer; 1000 unless told. */
  readonly timeoutMs?: number;
}

/** What came back for a probe. */
export interface ProbeAnswer {
  readonly kind:
    | 'syn-ack'
    | 'reset'
    | 'echo-reply'
    | 'time-exceeded'
    | 'unreachable'
    | 'packet-too-big'
    | 'parameter-problem';
  /** Address that it came from. */
  readonly from: string;
  /** Whose that is, by the names of the scenario. */
  readonly node: string | undefined;
  readonly roundTripMs: number;
  /** TTL or hop limit that the answer arrived with. */
  readonly replyTtl: number;
  /** Of the link that is too narrow; 0 for other answers. */
  readonly mtu: number;
  /** MPLS label stack entries (RFC 4950), outermost first. */
  readonly mpls: readonly number[];
}

const TIMEOUT_MS = 1000;
const TTL = 64;
const SOURCE_PORT = 40_000;

/**
 * Makes a network out of a scenario.
 *
 * @param scenario a scenario that was read, what `JSON.parse` made of a file, or the file's text
 * @throws {ScenarioError} naming the path of what is wrong with it
 * @example
 * const network = simulate({
 *   shows: 'one link of four drops every fifth packet',
 *   fabric: { widths: [1, 4, 1] },
 *   faults: [{ link: ['r1.0', 'r2.3'], forwardLoss: '20%' }],
 *   truth: { verdict: 'loss-located', suspect: { link: ['r1.0', 'r2.3'] } },
 * });
 * network.probe({ sourcePort: 40_001 })?.kind; // 'reset', or undefined when it was lost
 */
export function simulate(scenario: unknown, options: SimulateOptions = {}): SimulatedNetwork {
  const read = isScenario(scenario) ? scenario : parseScenario(jsonOf(scenario));
  return new SimulatedNetwork(read, planNetwork(read, options));
}

/** A network with a clock of its own, which starts at 0. */
export class SimulatedNetwork {
  readonly scenario: Scenario;
  readonly plan: NetworkPlan;
  /** The same network for those who bring whole IP packets, and the time with each call. */
  readonly link: SimulatedLink;
  readonly #nodes: ReadonlyMap<string, string>;
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  #nowUs = 0;
  #token = 0;

  constructor(scenario: Scenario, plan: NetworkPlan) {
    this.scenario = scenario;
    this.plan = plan;
    this.link = new SimulatedLink(plan);
    this.#nodes = nodeOfAddress(plan);
    this.#source = bytesOf(plan.source[plan.family]);
    this.#target = bytesOf(plan.target.address[plan.family]);
  }

  /** Virtual time since the network began. */
  get nowMs(): number {
    return this.#nowUs / 1000;
  }

  /** Lets time pass. @throws {RangeError} when it would run backwards */
  sleep(durationMs: number): void {
    requireDuration('durationMs', durationMs);
    this.#nowUs += Math.round(durationMs * 1000);
  }

  /**
   * Sends one probe, and lets time pass until its answer is there or the timeout is over.
   *
   * @returns undefined when nothing came back that can be recognised as the answer
   * @throws {RangeError} for a packet that no host could send, or a timeout before its time
   */
  probe(options: ProbeOptions = {}): ProbeAnswer | undefined {
    const probe = this.#probeOf(options);
    const { timeoutMs = TIMEOUT_MS } = options;
    requireDuration('timeoutMs', timeoutMs);
    const sentUs = this.#nowUs;
    this.#discardUntil(sentUs);
    this.#send(writeProbe(probe));
    const deadlineUs = sentUs + Math.round(timeoutMs * 1000);
    let answer: ProbeAnswer | undefined;
    while (answer === undefined && this.link.nextArrivalUs() <= deadlineUs) {
      this.#nowUs = Math.max(sentUs, this.link.nextArrivalUs());
      this.link.receive(this.#nowUs, (packet, atUs) => {
        const reply = readReply(packet);
        if (answer !== undefined || isMalformed(reply) || !isAnswer(reply, probe)) return;
        answer = this.#answerOf(reply, (atUs - sentUs) / 1000);
      });
    }
    if (answer === undefined) this.#nowUs = deadlineUs;
    return answer;
  }

  /** The nodes that a flow visits now if nothing is lost, the target last. */
  pathOf(options: ProbeOptions = {}): readonly string[] {
    return this.link.pathOf(writeProbe(this.#probeOf(options)), this.#nowUs);
  }

  #probeOf(options: ProbeOptions): WrittenProbe {
    const { protocol = 'tcp', ttl = TTL, sourcePort = SOURCE_PORT, tos = 0 } = options;
    const shortest = lengthMin(this.plan.family, protocol);
    const { port = this.plan.target.port, lengthBytes = shortest } = options;
    requireWhole('ttl', ttl, [1, 255]);
    requireWhole('tos', tos, [0, 255]);
    requireWhole('sourcePort', sourcePort, [0, 65_535]);
    requireWhole('port', port, [0, 65_535]);
    requireWhole('lengthBytes', lengthBytes, [shortest, this.link.outbox.slotBytes]);
    this.#token = (this.#token + 1) >>> 0;
    const [source, destination, token] = [this.#source, this.#target, this.#token];
    return { source, destination, protocol, ttl, tos, sourcePort, port, lengthBytes, token };
  }

  #discardUntil(nowUs: number): void {
    this.link.receive(nowUs, () => {});
  }

  #send(packet: Uint8Array): void {
    this.link.outbox.bytes.set(packet);
    this.link.outbox.lengths[0] = packet.length;
    const { error } = this.link.send(1, this.#nowUs);
    if (error !== undefined) throw new RangeError(`a host would refuse this packet: ${error}`);
  }

  #answerOf(reply: Reply, roundTripMs: number): ProbeAnswer | undefined {
    const kind = kindOf(reply);
    if (kind === undefined) return undefined;
    const from = formatIpAddress(reply.source);
    const isError = reply.kind === 'icmp-error';
    return {
      kind,
      from,
      node: this.#nodes.get(from),
      roundTripMs,
      replyTtl: reply.replyTtl,
      mtu: isError ? reply.mtu : 0,
      mpls: isError ? reply.mpls : [],
    };
  }
}

function isScenario(value: unknown): value is Scenario {
  if (typeof value !== 'object' || value === null) return false;
  return 'routers' in value && Array.isArray(value.routers) && 'routes' in value;
}

function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new ScenarioError('', `is not JSON: ${reasonOf(error)}`);
  }
}

function kindOf(reply: Reply): ProbeAnswer['kind'] | undefined {
  if (reply.kind === 'icmp-error') return reply.cause;
  if (reply.kind === 'icmp-echo-reply') return 'echo-reply';
  if (reply.kind !== 'tcp') return undefined;
  return (reply.flags & TCP_RST) === 0 ? 'syn-ack' : 'reset';
}

/** Whether a reply names the token of the probe; late ones of earlier probes name another. */
function isAnswer(reply: Reply, probe: WrittenProbe): boolean {
  if (reply.kind === 'icmp-error') return isQuoteOf(reply.quote.transport, probe);
  if (reply.kind === 'icmp-echo-reply') {
    return probe.protocol === 'icmp' && reply.sequence === (probe.token & 0xffff);
  }
  return reply.kind === 'tcp' && reply.acknowledgment === acknowledgmentOf(probe);
}

function isQuoteOf(quoted: QuotedTransport, probe: WrittenProbe): boolean {
  const { token, sourcePort, port } = probe;
  if (quoted.kind === 'icmp-echo') return quoted.sequence === (token & 0xffff);
  if (quoted.kind !== 'tcp' && quoted.kind !== 'udp') return false;
  if (quoted.sourcePort !== sourcePort || quoted.destinationPort !== port) return false;
  // An eight-byte quote has no payload; one probe waits at a time, so its ports will do.
  return quoted.kind === 'udp' || quoted.sequence === token;
}

/** SYN and payload are acknowledged. */
function acknowledgmentOf({ token, lengthBytes, source }: WrittenProbe): number {
  const family = source.length === 4 ? 4 : 6;
  return (token + 1 + lengthBytes - lengthMin(family, 'tcp')) >>> 0;
}

function bytesOf(address: string): Uint8Array {
  return parseIpAddress(address) ?? new Uint8Array(0);
}

function requireDuration(name: string, ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`${name} must be 0 or more, got ${ms}`);
}

function requireWhole(name: string, value: number, [min, max]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}
