/**
 * Writes packets as raw sockets would have shown them, from what sockets without a right tell. What
 * these do not tell, the TTL and TOS of quotes and the identification, is filled in as if nothing
 * had changed it.
 */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { IcmpErrorNotice, ReceivedDatagram } from '../../native/datagram-socket.ts';
import { ICMP_DIALECTS, IP_HEADER_BYTES } from '../../wire/families.ts';
import { ICMP_HEADER_BYTES, sealIcmp } from '../../wire/icmp.ts';
import { IP_PROTOCOL } from '../../wire/ip-protocol.ts';
import { writeIpv4Header } from '../../wire/ipv4.ts';
import { writeIpv6Header } from '../../wire/ipv6.ts';
import { uint32At, writeUint16, writeUint32 } from '../../wire/octets.ts';
import { icmpPseudoHeaderSum, pseudoHeaderSum } from '../../wire/pseudo-header.ts';
import { UDP_HEADER_BYTES, writeUdpDatagram } from '../../wire/udp.ts';

/** Room for what arrives and the headers of two packets around it. */
const PACKET_BYTES_MAX = 2048 + 2 * IP_HEADER_BYTES[6] + ICMP_HEADER_BYTES + UDP_HEADER_BYTES;

/** What all packets of a link have in common. */
export interface RebuiltTraits {
  readonly family: IpFamily;
  readonly protocol: 'udp' | 'icmp';
  /** Address of ours that probes carry. */
  readonly source: Uint8Array;
}

/** A writer of such packets. */
export class PacketRebuilder {
  readonly #options: RebuiltTraits;
  readonly #scratch = new Uint8Array(PACKET_BYTES_MAX);

  constructor(traits: RebuiltTraits) {
    this.#options = traits;
  }

  /**
   * The packet that a raw socket would have shown, in memory that the next one is written to.
   *
   * @param port that the socket is bound to
   */
  packetOf(datagram: ReceivedDatagram, port: number): Uint8Array {
    const { family, source } = this.#options;
    const header = IP_HEADER_BYTES[family];
    const { peer, ttl, error } = datagram;
    if (error === undefined) {
      const end = this.#writeTransport(header, { ...datagram, from: peer, to: source, port });
      this.#writeHeader(0, end, { from: peer, to: source, ttl, protocol: this.#protocolNumber });
      return this.#scratch.subarray(0, end);
    }
    const dialect = ICMP_DIALECTS[family];
    const quoteAt = header + ICMP_HEADER_BYTES;
    const end = this.#writeQuote(quoteAt, { ...datagram, port });
    this.#scratch[header] = error.type;
    this.#scratch[header + 1] = error.code;
    writeUint32(this.#scratch, header + 4, isTooBig(error, family) ? error.value : 0);
    const covered = icmpPseudoHeaderSum(error.from, source, end - header);
    sealIcmp(this.#scratch, header, end, covered);
    const ends = { from: error.from, to: source };
    this.#writeHeader(0, end, { ...ends, ttl, protocol: dialect.protocol });
    return this.#scratch.subarray(0, end);
  }

  /** Our probe, as far as it was quoted: the token in its payload is in its headers as well. */
  #writeQuote(at: number, datagram: ReceivedDatagram & { readonly port: number }): number {
    const { family, source, protocol } = this.#options;
    const transport = at + IP_HEADER_BYTES[family];
    const { bytes, peer, port } = datagram;
    const isEcho = protocol === 'icmp';
    const tokenAt = isEcho ? ICMP_HEADER_BYTES : 0;
    const token = bytes.length >= tokenAt + 4 ? uint32At(bytes, tokenAt) : 0;
    let end = transport;
    if (isEcho) {
      this.#scratch.set(bytes, transport);
      end += bytes.length;
    } else {
      const ports = { sourcePort: port, destinationPort: datagram.peerPort };
      end = writeUdpDatagram(this.#scratch, transport, { ...ports, payload: bytes }, 0);
      writeUint16(this.#scratch, transport + 6, token & 0xffff);
    }
    const ends = { from: source, to: peer, ttl: 1, protocol: this.#protocolNumber };
    this.#writeHeader(at, end, { ...ends, identification: token >>> 16 });
    return end;
  }

  #writeTransport(
    at: number,
    {
      bytes,
      peerPort,
      from,
      to,
      port,
    }: ReceivedDatagram & {
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly port: number;
    },
  ): number {
    const { protocol, family } = this.#options;
    if (protocol === 'udp') {
      const sum = pseudoHeaderSum(from, to, IP_PROTOCOL.udp, UDP_HEADER_BYTES + bytes.length);
      const ports = { sourcePort: peerPort, destinationPort: port };
      return writeUdpDatagram(this.#scratch, at, { ...ports, payload: bytes }, sum);
    }
    this.#scratch.set(bytes, at);
    const end = at + bytes.length;
    const number = this.#protocolNumber;
    sealIcmp(
      this.#scratch,
      at,
      end,
      family === 4 ? 0 : pseudoHeaderSum(from, to, number, end - at),
    );
    return end;
  }

  get #protocolNumber(): number {
    const { family, protocol } = this.#options;
    if (protocol === 'udp') return IP_PROTOCOL.udp;
    return ICMP_DIALECTS[family].protocol;
  }

  #writeHeader(
    at: number,
    end: number,
    {
      from: source,
      to: destination,
      ttl,
      protocol,
      identification = 0,
    }: {
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly ttl: number;
      readonly protocol: number;
      readonly identification?: number;
    },
  ): void {
    const { family } = this.#options;
    const payloadLength = end - at - IP_HEADER_BYTES[family];
    const ends = { source, destination, payloadLength };
    if (family === 4) {
      const fields = { tos: 0, identification, flags: 0, fragmentOffset: 0, ttl, protocol };
      writeIpv4Header(this.#scratch, at, { ...fields, ...ends });
    } else {
      const fields = { trafficClass: 0, flowLabel: 0, nextHeader: protocol, hopLimit: ttl };
      writeIpv6Header(this.#scratch, at, { ...fields, ...ends });
    }
  }
}

/** Of other errors the kernel may tell the length of the quote there (RFC 4884). */
function isTooBig({ type, code }: IcmpErrorNotice, family: IpFamily): boolean {
  return ICMP_DIALECTS[family].causeOf(type, code) === 'packet-too-big';
}
