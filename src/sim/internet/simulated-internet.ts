/**
 * A made-up Internet behind the packet seam, in virtual time: millions of targets and more than a
 * million routers, none of which is stored. IPv4 alone; probes by UDP, TCP and ICMP echo.
 */

import { addWords, checksumOf } from '../../lib/checksum.ts';
import { isSameAddress } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../../model/packet-link.ts';
import { ICMP_HEADER_BYTES, sealIcmp } from '../../wire/icmp.ts';
import { ICMPV4 } from '../../wire/icmpv4.ts';
import { IP_PROTOCOL } from '../../wire/ip-protocol.ts';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '../../wire/ipv4.ts';
import { uint16At, uint32At, writeUint32 } from '../../wire/octets.ts';
import { pseudoHeaderSum } from '../../wire/pseudo-header.ts';
import { TCP_ACK, TCP_HEADER_BYTES, TCP_RST, writeTcpSegment } from '../../wire/tcp.ts';
import { INTERNET_SOURCE, InternetMap } from './internet-map.ts';
import { ReplyWheel } from './reply-wheel.ts';

export interface InternetOptions {
  readonly seed: number;
  /** Share of probes and replies that are lost somewhere, 0 to 1; 0.01 unless told. */
  readonly lossRatio?: number;
  /** Errors a second that one router sends; unlimited unless told. */
  readonly routerErrorsPerSecond?: number;
}

/** Where packets went that brought no reply. */
export interface InternetCounters extends LinkCounters {
  readonly malformed: number;
  readonly lost: number;
  /** Silent routers, addresses that nobody has. */
  readonly unanswered: number;
  /** Errors that a router kept back, for it had sent too many. */
  readonly limited: number;
}

const SLOTS = 64;
const SLOT_BYTES = 128;
/** As many as a second of 100,000 packets brings. */
const REPLIES_MAX = 131_072;
const LOSS_RATIO = 0.01;
const REPLY_TTL = 255;
const LIMIT_CELLS = 65_536;
/** A router saves so many errors up. */
const LIMIT_BURST = 10;

/** One network card that leads to all of it. */
export class SimulatedInternet implements PacketLink {
  readonly outbox: PacketArena;
  readonly map: InternetMap;
  readonly #wheel = new ReplyWheel(REPLIES_MAX);
  readonly #random: Random;
  readonly #lossRatio: number;
  readonly #errorGapUs: number;
  readonly #errorDueUs = new Float64Array(LIMIT_CELLS);
  readonly #counters = { socketDrops: 0, malformed: 0, lost: 0, unanswered: 0, limited: 0 };
  readonly #responder = new Uint8Array(4);
  #isClosed = false;

  constructor({ seed, lossRatio = LOSS_RATIO, routerErrorsPerSecond }: InternetOptions) {
    const bytes = new Uint8Array(SLOTS * SLOT_BYTES);
    this.outbox = { bytes, slotBytes: SLOT_BYTES, slots: SLOTS, lengths: new Uint16Array(SLOTS) };
    this.map = new InternetMap(seed);
    this.#random = new Random(seed);
    this.#lossRatio = lossRatio;
    this.#errorGapUs = routerErrorsPerSecond === undefined ? 0 : 1e6 / routerErrorsPerSecond;
  }

  send(count: number, nowUs: number): SendReport {
    const { bytes, slotBytes, lengths } = this.outbox;
    for (let slot = 0; slot < count; slot++) {
      if (this.#isClosed) return { accepted: slot, error: 'EBADF' };
      const start = slot * slotBytes;
      const error = this.#carry(bytes, start, { lengthBytes: lengths[slot] ?? 0, nowUs });
      if (error !== undefined) return { accepted: slot, error };
    }
    return { accepted: count, error: undefined };
  }

  receive(nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    return this.#wheel.takeUntil(nowUs, take);
  }

  nextArrivalUs(): number {
    return this.#wheel.nextUs();
  }

  counters(): InternetCounters {
    return { ...this.#counters };
  }

  close(): void {
    this.#isClosed = true;
  }

  /** @returns the errno name with which the kernel would refuse the packet */
  #carry(
    bytes: Uint8Array,
    start: number,
    { lengthBytes, nowUs }: { readonly lengthBytes: number; readonly nowUs: number },
  ): string | undefined {
    const target = uint32At(bytes, start + 16);
    if (!this.map.isTarget(target)) return 'ENETUNREACH';
    if (!isSound(bytes, start, lengthBytes)) {
      this.#counters.malformed++;
      return undefined;
    }
    if (this.#random.unit() < this.#lossRatio) {
      this.#counters.lost++;
      return undefined;
    }
    const ttl = bytes[start + 8] ?? 0;
    // Ports, of ICMP the checksum: what balancers hash.
    const flowHash = uint32At(bytes, start + IPV4_HEADER_BYTES);
    const path = this.map.pathTo(target, flowHash);
    const probe = { start, lengthBytes, nowUs };
    if (ttl > path.length) this.#answerAsTarget(bytes, probe, { target, hops: path.length + 1 });
    else this.#answerAsRouter(bytes, probe, { router: (path[ttl - 1] ?? 0) >>> 0, hops: ttl });
    return undefined;
  }

  #answerAsRouter(
    bytes: Uint8Array,
    probe: SentProbe,
    { router, hops }: { readonly router: number; readonly hops: number },
  ): void {
    const { map } = this;
    if (map.isSilent(router)) {
      this.#counters.unanswered++;
      return;
    }
    if (!this.#maySendError(router, probe.nowUs)) {
      this.#counters.limited++;
      return;
    }
    const atUs = probe.nowUs + map.roundTripUs(hops, router);
    const quoteBytes = map.quotesLittle(router) ? IPV4_HEADER_BYTES + 8 : probe.lengthBytes;
    const error = { type: ICMPV4.timeExceeded, code: 0, quoteBytes, quotedTtl: 1, hops };
    this.#reply(probe.nowUs, atUs, (into) =>
      writeError(into, this.#from(router), bytes, { ...error, start: probe.start }),
    );
  }

  #answerAsTarget(
    bytes: Uint8Array,
    probe: SentProbe,
    { target, hops }: { readonly target: number; readonly hops: number },
  ): void {
    const { start, lengthBytes, nowUs } = probe;
    if (!this.map.isAlive(target)) {
      this.#counters.unanswered++;
      return;
    }
    const atUs = nowUs + this.map.roundTripUs(hops, target);
    const protocol = bytes[start + 9] ?? 0;
    const quotedTtl = (bytes[start + 8] ?? 0) - hops + 1;
    this.#reply(nowUs, atUs, (into) => {
      const from = this.#from(target);
      if (protocol === IP_PROTOCOL.icmpv4)
        return writeEchoReply(into, from, bytes, { start, lengthBytes, hops });
      if (protocol === IP_PROTOCOL.tcp) return writeReset(into, from, bytes, { start, hops });
      const unreachable = { type: ICMPV4.unreachable, code: ICMPV4.portUnreachableCode };
      return writeError(into, from, bytes, {
        ...unreachable,
        quoteBytes: lengthBytes,
        quotedTtl,
        hops,
        start,
      });
    });
  }

  #reply(nowUs: number, atUs: number, write: (into: Uint8Array) => number): void {
    if (!this.#wheel.add(nowUs, atUs, write)) this.#counters.socketDrops++;
  }

  #from(address: number): Uint8Array {
    writeUint32(this.#responder, 0, address);
    return this.#responder;
  }

  #maySendError(router: number, nowUs: number): boolean {
    if (this.#errorGapUs === 0) return true;
    const cell = Math.imul(router, 0x9e3779b9) >>> 16;
    const floorUs = nowUs - LIMIT_BURST * this.#errorGapUs;
    const dueUs = Math.max(this.#errorDueUs[cell] as number, floorUs);
    if (dueUs > nowUs) return false;
    this.#errorDueUs[cell] = dueUs + this.#errorGapUs;
    return true;
  }
}

interface SentProbe {
  readonly start: number;
  readonly lengthBytes: number;
  readonly nowUs: number;
}

/** Whether headers and checksums are such that routers and hosts would take the packet. */
function isSound(bytes: Uint8Array, start: number, lengthBytes: number): boolean {
  if (bytes[start] !== 0x45 || uint16At(bytes, start + 2) !== lengthBytes) return false;
  if (!isSameAddress(bytes.subarray(start + 12, start + 16), INTERNET_SOURCE)) return false;
  const transport = start + IPV4_HEADER_BYTES;
  const end = start + lengthBytes;
  if (checksumOf(addWords(0, bytes, start, transport)) !== 0) return false;
  const protocol = bytes[start + 9] ?? 0;
  const pseudo =
    protocol === IP_PROTOCOL.icmpv4
      ? 0
      : addWords(protocol + end - transport, bytes, start + 12, transport);
  return checksumOf(addWords(pseudo, bytes, transport, end)) === 0;
}

interface ErrorFields {
  readonly type: number;
  readonly code: number;
  readonly quoteBytes: number;
  readonly quotedTtl: number;
  readonly hops: number;
  readonly start: number;
}

function writeError(
  into: Uint8Array,
  source: Uint8Array,
  probe: Uint8Array,
  { type, code, quoteBytes, quotedTtl, hops, start }: ErrorFields,
): number {
  const payloadBytes = ICMP_HEADER_BYTES + quoteBytes;
  const at = writeReplyHeader(into, source, { protocol: IP_PROTOCOL.icmpv4, payloadBytes, hops });
  into[at] = type;
  into[at + 1] = code;
  writeUint32(into, at + 4, 0);
  const quote = at + ICMP_HEADER_BYTES;
  for (let i = 0; i < quoteBytes; i++) into[quote + i] = probe[start + i] as number;
  into[quote + 8] = quotedTtl;
  return sealIcmp(into, at, at + payloadBytes, 0);
}

function writeEchoReply(
  into: Uint8Array,
  source: Uint8Array,
  probe: Uint8Array,
  { start, lengthBytes, hops }: Omit<SentProbe, 'nowUs'> & { readonly hops: number },
): number {
  const payloadBytes = lengthBytes - IPV4_HEADER_BYTES;
  const at = writeReplyHeader(into, source, { protocol: IP_PROTOCOL.icmpv4, payloadBytes, hops });
  for (let i = 0; i < payloadBytes; i++)
    into[at + i] = probe[start + IPV4_HEADER_BYTES + i] as number;
  into[at] = ICMPV4.echoReply;
  return sealIcmp(into, at, at + payloadBytes, 0);
}

function writeReset(
  into: Uint8Array,
  source: Uint8Array,
  probe: Uint8Array,
  { start, hops }: { readonly start: number; readonly hops: number },
): number {
  const fields = { protocol: IP_PROTOCOL.tcp, payloadBytes: TCP_HEADER_BYTES, hops };
  const at = writeReplyHeader(into, source, fields);
  const from = start + IPV4_HEADER_BYTES;
  const segment = {
    sourcePort: uint16At(probe, from + 2),
    destinationPort: uint16At(probe, from),
    sequence: 0,
    acknowledgment: (uint32At(probe, from + 4) + 1) >>> 0,
    flags: TCP_RST | TCP_ACK,
    window: 0,
    payload: NO_PAYLOAD,
  };
  const sum = pseudoHeaderSum(source, INTERNET_SOURCE, IP_PROTOCOL.tcp, TCP_HEADER_BYTES);
  return writeTcpSegment(into, at, segment, sum);
}

const NO_PAYLOAD = new Uint8Array(0);

/** @returns where the header after it begins */
function writeReplyHeader(
  into: Uint8Array,
  source: Uint8Array,
  {
    protocol,
    payloadBytes,
    hops,
  }: { readonly protocol: number; readonly payloadBytes: number; readonly hops: number },
): number {
  return writeIpv4Header(into, 0, {
    tos: 0,
    identification: 0,
    flags: 0,
    fragmentOffset: 0,
    ttl: REPLY_TTL - hops,
    protocol,
    source,
    destination: INTERNET_SOURCE,
    payloadLength: payloadBytes,
  });
}
