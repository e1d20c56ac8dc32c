/**
 * Writes the probes of a sweep: a packet is a template in which a few fields are patched, and the
 * checksum follows from a sum over what never changes. What is where is as in `probe-packet.ts`;
 * behind the token a payload also has the time of sending, which long quotes bring back.
 */

import { foldSum } from '../../lib/checksum.ts';
import { familyOf } from '../../lib/ip-address.ts';
import type { PacketArena } from '../../model/packet-link.ts';
import { IPV4_HEADER_BYTES } from '../../wire/ipv4.ts';
import { IPV6_HEADER_BYTES } from '../../wire/ipv6.ts';
import { uint16At, writeUint16 } from '../../wire/octets.ts';
import { completeFlow, type Flow, type ProbeEndpoints, probeLengthMin } from '../flow.ts';
import { canCarry, ProbeWriter, secondaryKey } from '../probe-packet.ts';
import { type SweepTokens, TICKS } from './sweep-token.ts';

export type SweepProtocol = 'udp' | 'icmp' | 'tcp';

export interface SweepProbeShape extends Pick<ProbeEndpoints, 'source' | 'tos'> {
  readonly protocol: SweepProtocol;
  /** Of flow 0; the others follow. Of ICMP the identifier. */
  readonly sourcePort: number;
  /** Of ICMP the checksum of flow 0, which balancers hash. */
  readonly destinationPort: number;
}

/** Where a payload has the time, behind the token and the word that sets the checksum. */
export const PAYLOAD_TIME_AT = 6;
const TIME_BYTES = 4;
const TCP_HEADER = { checksum: 16, sequence: 4, window: 14 } as const;
const TOKEN_AT = 8;
const FIX_AT = 12;

/** One target's probes after the other into the slots of an outbox. */
export class SweepPackets {
  readonly lengthBytes: number;
  readonly #shape: SweepProbeShape;
  readonly #tokens: SweepTokens;
  readonly #flow: Flow;
  readonly #isV4: boolean;
  readonly #addressAt: number;
  readonly #transportAt: number;
  /** Partial sums over the bytes that stay as they are. */
  readonly #headerSum: number;
  readonly #transportSum: number;
  readonly #prepared = new WeakSet<Uint8Array>();
  /** Of the probe at hand. */
  readonly #patch = { ttl: 0, flow: 0, nowUs: 0, sourcePort: 0, token: 0, key: 0, addressSum: 0 };

  constructor(shape: SweepProbeShape, tokens: SweepTokens) {
    const { source, protocol } = shape;
    this.#shape = shape;
    this.#tokens = tokens;
    this.#isV4 = source.length === 4;
    const [addressBytes, headerBytes] = this.#isV4
      ? [4 as const, IPV4_HEADER_BYTES]
      : [16 as const, IPV6_HEADER_BYTES];
    const extra = protocol === 'tcp' ? 0 : TIME_BYTES;
    this.lengthBytes = probeLengthMin(protocol, familyOf(source)) + extra;
    this.#flow = completeFlow({
      ...shape,
      destination: new Uint8Array(addressBytes),
      flowLabel: 0,
      lengthBytes: this.lengthBytes,
    });
    this.#addressAt = this.#isV4 ? 16 : 24;
    this.#transportAt = headerBytes;
    const template = new Uint8Array(this.lengthBytes);
    new ProbeWriter().write(template, 0, this.#flow, { ttl: 0, token: 0, portOffset: 0 });
    this.#clear(template);
    this.#headerSum = this.#isV4 ? sumOf(template, 0, headerBytes) : 0;
    this.#transportSum = this.#constantSum(template);
  }

  /**
   * Writes a probe into a slot.
   *
   * @param writeAddress writes the destination where it is told
   */
  write(
    outbox: PacketArena,
    slot: number,
    probe: { readonly ttl: number; readonly flow: number; readonly nowUs: number },
    writeAddress: (into: Uint8Array, offset: number) => void,
  ): void {
    this.#prepare(outbox);
    const { bytes } = outbox;
    const start = slot * outbox.slotBytes;
    outbox.lengths[slot] = this.lengthBytes;
    const { ttl, flow, nowUs } = probe;
    const addressBytes = this.#isV4 ? 4 : 16;
    const { protocol, sourcePort: firstPort } = this.#shape;
    const addressAt = start + this.#addressAt;
    writeAddress(bytes, addressAt);
    const patch = this.#patch;
    patch.sourcePort = firstPort + flow;
    const portWord = protocol === 'icmp' ? 0 : this.#shape.destinationPort;
    const ports = (patch.sourcePort << 16) | portWord;
    const flowHash = this.#tokens.flowHash(bytes, addressAt, addressBytes, ports);
    patch.ttl = ttl;
    patch.flow = flow;
    patch.nowUs = nowUs;
    patch.token = this.#carriedToken(flowHash, ttl, Math.floor(nowUs / 1000) % TICKS);
    patch.key = secondaryKey(this.#flow, patch.token);
    patch.addressSum = sumOf(bytes, addressAt, addressBytes);
    if (this.#isV4) this.#patchIpv4(bytes, start);
    else bytes[start + 7] = ttl;
    if (protocol === 'tcp') this.#patchTcp(bytes, start + this.#transportAt);
    else this.#patchDatagram(bytes, start + this.#transportAt);
  }

  /** Every slot of an outbox gets the template once. */
  #prepare(outbox: PacketArena): void {
    if (this.#prepared.has(outbox.bytes)) return;
    if (outbox.slotBytes < this.lengthBytes) {
      throw new RangeError(`${this.lengthBytes} bytes do not fit into ${outbox.slotBytes}`);
    }
    for (let slot = 0; slot < outbox.slots; slot++) {
      const start = slot * outbox.slotBytes;
      new ProbeWriter().write(outbox.bytes, start, this.#flow, { ttl: 0, token: 0, portOffset: 0 });
    }
    this.#prepared.add(outbox.bytes);
  }

  /** A few tokens a protocol cannot carry: a later millisecond has another. */
  #carriedToken(flowHash: number, ttl: number, tick: number): number {
    for (let ahead = 0; ; ahead++) {
      const token = this.#tokens.token(flowHash, ttl, (tick + ahead) % TICKS);
      if (canCarry(this.#flow, token)) return token;
    }
  }

  #patchIpv4(bytes: Uint8Array, start: number): void {
    const { ttl, token, key, addressSum } = this.#patch;
    const identification = this.#shape.protocol === 'tcp' ? key : token >>> 16;
    writeUint16(bytes, start + 4, identification);
    bytes[start + 8] = ttl;
    const sum = this.#headerSum + (ttl << 8) + identification + addressSum;
    writeUint16(bytes, start + 10, ~foldSum(sum));
  }

  #patchTcp(bytes: Uint8Array, at: number): void {
    const { token, key, sourcePort, addressSum } = this.#patch;
    writeUint16(bytes, at, sourcePort);
    writeUint16(bytes, at + TCP_HEADER.sequence, token >>> 16);
    writeUint16(bytes, at + TCP_HEADER.sequence + 2, token);
    let sum = this.#transportSum + addressSum + sourcePort + (token >>> 16) + (token & 0xffff);
    if (!this.#isV4) {
      writeUint16(bytes, at + TCP_HEADER.window, key);
      sum += key;
    }
    writeUint16(bytes, at + TCP_HEADER.checksum, ~foldSum(sum));
  }

  #patchDatagram(bytes: Uint8Array, at: number): void {
    const { token, flow, sourcePort, nowUs } = this.#patch;
    const pseudo = this.#shape.protocol === 'icmp' && this.#isV4 ? 0 : this.#patch.addressSum;
    const high = token >>> 16;
    const low = token & 0xffff;
    const timeHigh = nowUs >>> 16; // of the lowest 32 bits
    const timeLow = nowUs & 0xffff;
    const isUdp = this.#shape.protocol === 'udp';
    const checksum = isUdp ? low : this.#shape.destinationPort + flow;
    writeUint16(bytes, at + (isUdp ? 0 : 4), sourcePort);
    if (!isUdp) writeUint16(bytes, at + 6, low);
    writeUint16(bytes, at + (isUdp ? 6 : 2), checksum);
    writeUint16(bytes, at + TOKEN_AT, high);
    writeUint16(bytes, at + TOKEN_AT + 2, low);
    writeUint16(bytes, at + TOKEN_AT + PAYLOAD_TIME_AT, timeHigh);
    writeUint16(bytes, at + TOKEN_AT + PAYLOAD_TIME_AT + 2, timeLow);
    const varying = sourcePort + high + low + timeHigh + timeLow + checksum + (isUdp ? 0 : low);
    writeUint16(bytes, at + FIX_AT, ~foldSum(this.#transportSum + pseudo + varying));
  }

  /** Zeroes in a template what is patched, so that its sum is that of the rest. */
  #clear(template: Uint8Array): void {
    const at = this.#transportAt;
    if (this.#isV4) template.fill(0, 4, 6).fill(0, 10, 12);
    template[this.#isV4 ? 8 : 7] = 0;
    if (this.#shape.protocol === 'tcp') {
      template
        .fill(0, at, at + 2)
        .fill(0, at + 4, at + 8)
        .fill(0, at + 16, at + 18);
      if (!this.#isV4) template.fill(0, at + TCP_HEADER.window, at + TCP_HEADER.window + 2);
    } else if (this.#shape.protocol === 'udp') {
      template.fill(0, at, at + 2).fill(0, at + 6, at + 18);
    } else {
      template.fill(0, at + 2, at + 18);
    }
  }

  /** Over the transport header and, but for ICMPv4, the pseudo header without the destination. */
  #constantSum(template: Uint8Array): number {
    const transport = sumOf(template, this.#transportAt, this.lengthBytes - this.#transportAt);
    const { protocol, source } = this.#shape;
    if (protocol === 'icmp' && this.#isV4) return transport;
    const number = this.#isV4 ? (template[9] ?? 0) : (template[6] ?? 0);
    return (
      transport + sumOf(source, 0, source.length) + number + this.lengthBytes - this.#transportAt
    );
  }
}

/** Sum of 16-bit words; an even number of bytes. */
function sumOf(bytes: Uint8Array, start: number, lengthBytes: number): number {
  let sum = 0;
  for (let at = start; at < start + lengthBytes; at += 2) sum += uint16At(bytes, at);
  return sum;
}
