/**
 * Packets out of capture files: pcap as tcpdump writes it, in either byte order, by microseconds or
 * nanoseconds, and pcapng (draft-ietf-opsawg-pcapng). Sizes are checked before they are believed.
 */

import { ipPacketIn, isKnownLinkType } from './capture-links.ts';
import { TraceFileError } from './seen-traces.ts';

/** One IP packet, a view of the file. */
export interface CapturedPacket {
  /** Microseconds since 1970. */
  readonly atUs: number;
  /** From the IP header on; may be cut short. */
  readonly bytes: Uint8Array;
}

/** What a capture holds. */
export interface Capture {
  readonly packets: readonly CapturedPacket[];
  /** What to know about it, a sentence's part each. */
  readonly notes: readonly string[];
}

const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** By the first four bytes as the writer's byte order has them: units a second. */
const PCAP_MAGIC: ReadonlyMap<number, number> = new Map([
  [0xa1b2c3d4, 1e6],
  [0xa1b23c4d, 1e9],
]);
const PCAPNG_MAGIC = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BLOCK = { section: PCAPNG_MAGIC, interface: 1, packet: 2, simple: 3, enhanced: 6 } as const;
const BLOCK_BYTES_MIN = 12;
const OPTION = { end: 0, resolution: 9, offset: 14 } as const;
const CUT = 'the capture ends in the middle of a packet, as when its writer was killed';

/** Whether it is a capture of one of the two kinds. */
export function isCapture(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const [big, little] = [bytes.readUInt32BE(0), bytes.readUInt32LE(0)];
  return big === PCAPNG_MAGIC || PCAP_MAGIC.has(big) || PCAP_MAGIC.has(little);
}

/**
 * Reads all packets, in the order of the file.
 *
 * @throws {TraceFileError} which names the offset that is wrong
 */
export function readCapture(bytes: Buffer): Capture {
  if (!isCapture(bytes)) throw new TraceFileError('it is no capture: its first bytes are of none');
  return bytes.readUInt32BE(0) === PCAPNG_MAGIC ? new PcapngReader(bytes).read() : readPcap(bytes);
}

function readPcap(bytes: Buffer): Capture {
  if (bytes.length < PCAP_HEADER_BYTES) throw damaged(0, 'its header is cut short');
  const view = viewOf(bytes);
  const isLittle = PCAP_MAGIC.has(bytes.readUInt32LE(0));
  const unitsPerSecond = PCAP_MAGIC.get(view.getUint32(0, isLittle)) ?? 1e6;
  // The upper bits tell of frame check sequences.
  const link = view.getUint32(20, isLittle) & 0xffff;
  requireLinkType(link, 20);
  const collector = new PacketCollector();
  let at = PCAP_HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const captured = view.getUint32(at + 8, isLittle);
    const start = at + RECORD_HEADER_BYTES;
    if (captured > CAPTURED_BYTES_MAX) throw damaged(at, `a packet of ${captured} bytes`);
    if (start + captured > bytes.length) break;
    const seconds = view.getUint32(at, isLittle);
    const parts = view.getUint32(at + 4, isLittle);
    const atUs = seconds * 1e6 + (parts * 1e6) / unitsPerSecond;
    collector.add(link, atUs, bytes.subarray(start, start + captured));
    at = start + captured;
  }
  return collector.capture(at < bytes.length ? [CUT] : []);
}

/** As large as any device makes them: offloading joins segments. */
const CAPTURED_BYTES_MAX = 2 ** 20;

interface CaptureInterface {
  readonly link: number;
  readonly unitsPerSecond: number;
  readonly offsetSeconds: number;
}

class PcapngReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #collector = new PacketCollector();
  #isLittle = true;
  #interfaces: CaptureInterface[] = [];
  #untimed = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  read(): Capture {
    let at = 0;
    while (at + BLOCK_BYTES_MIN <= this.#bytes.length) {
      const type = this.#view.getUint32(at, this.#isLittle);
      if (type === BLOCK.section) this.#beginSection(at);
      const length = this.#uint32(at + 4);
      if (length < BLOCK_BYTES_MIN || length % 4 !== 0) {
        throw damaged(at, `a block of ${length} bytes`);
      }
      if (at + length > this.#bytes.length) break;
      this.#readBlock(type, { at: at + 8, end: at + length - 4 });
      at += length;
    }
    const untimed = `${this.#untimed} packets without a time passed over`;
    return this.#collector.capture([
      ...(at < this.#bytes.length ? [CUT] : []),
      ...(this.#untimed > 0 ? [untimed] : []),
    ]);
  }

  /** The byte order is that of its own magic; interfaces are numbered anew. */
  #beginSection(at: number): void {
    if (this.#view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) this.#isLittle = true;
    else if (this.#view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) this.#isLittle = false;
    else throw damaged(at + 8, 'no byte order');
    this.#interfaces = [];
  }

  #readBlock(type: number, body: Body): void {
    switch (type) {
      case BLOCK.interface:
        this.#interfaces.push(this.#interfaceIn(body));
        break;
      case BLOCK.enhanced:
        this.#readPacket(body, this.#uint32At(body, 0));
        break;
      case BLOCK.packet:
        this.#readPacket(body, this.#uint16At(body, 0));
        break;
      case BLOCK.simple:
        this.#untimed++;
        break;
    }
  }

  /** Both kinds of packet blocks have time and length at the same places. */
  #readPacket(body: Body, index: number): void {
    const device = this.#interfaces[index];
    if (device === undefined) throw damaged(body.at, `a packet of interface ${index}, not told of`);
    const [high, low] = [this.#uint32At(body, 4), this.#uint32At(body, 8)];
    const captured = this.#uint32At(body, 12);
    const start = body.at + 20;
    if (captured > CAPTURED_BYTES_MAX || start + captured > body.end) {
      throw damaged(body.at, `a packet of ${captured} bytes`);
    }
    const { link, unitsPerSecond, offsetSeconds } = device;
    const units = BigInt(high) * 2n ** 32n + BigInt(low);
    const seconds = Number(units / BigInt(unitsPerSecond));
    const rest = Number(units % BigInt(unitsPerSecond));
    const atUs = (seconds + offsetSeconds) * 1e6 + (rest * 1e6) / unitsPerSecond;
    this.#collector.add(link, atUs, this.#bytes.subarray(start, start + captured));
  }

  #interfaceIn(body: Body): CaptureInterface {
    const link = this.#uint16At(body, 0);
    requireLinkType(link, body.at);
    let [unitsPerSecond, offsetSeconds] = [1e6, 0];
    for (let at = 8; body.at + at + 4 <= body.end; ) {
      const [code, length] = [this.#uint16At(body, at), this.#uint16At(body, at + 2)];
      if (code === OPTION.end) break;
      if (body.at + at + 4 + length > body.end) throw damaged(body.at + at, 'an option too long');
      if (code === OPTION.resolution && length >= 1) {
        unitsPerSecond = this.#resolution(body.at + at + 4);
      }
      if (code === OPTION.offset && length >= 8) {
        offsetSeconds = Number(this.#view.getBigInt64(body.at + at + 4, this.#isLittle));
      }
      at += 4 + Math.ceil(length / 4) * 4;
    }
    return { link, unitsPerSecond, offsetSeconds };
  }

  /** A power of 10, or of 2 where the highest bit is set. */
  #resolution(at: number): number {
    const value = this.#bytes[at] ?? 6;
    const power = value & 0x7f;
    const units = (value & 0x80) === 0 ? 10 ** power : 2 ** power;
    if (!Number.isSafeInteger(units)) throw damaged(at, `a resolution of ${value}`);
    return units;
  }

  #uint32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }

  #uint32At({ at, end }: Body, offset: number): number {
    if (at + offset + 4 > end) throw damaged(at, 'a block too short');
    return this.#uint32(at + offset);
  }

  #uint16At({ at, end }: Body, offset: number): number {
    if (at + offset + 2 > end) throw damaged(at, 'a block too short');
    return this.#view.getUint16(at + offset, this.#isLittle);
  }
}

/** Of a block, without its type and its two lengths. */
interface Body {
  readonly at: number;
  readonly end: number;
}

/** Beyond what 32 bits of seconds tell; larger times are none, and no date. */
const TIME_MAX_US = 1e16;

/** Keeps the packets of the Internet Protocol. */
class PacketCollector {
  readonly #packets: CapturedPacket[] = [];

  add(link: number, atUs: number, frame: Uint8Array): void {
    const bytes = ipPacketIn(link, frame);
    if (bytes === undefined) return;
    if (atUs < 0 || atUs > TIME_MAX_US) {
      throw new TraceFileError(`it is damaged: packet ${this.#packets.length + 1} has no time`);
    }
    this.#packets.push({ atUs, bytes });
  }

  capture(notes: readonly string[]): Capture {
    return { packets: this.#packets, notes };
  }
}

function requireLinkType(link: number, at: number): void {
  if (isKnownLinkType(link)) return;
  const known = 'Ethernet, Linux cooked, raw IP and loopback are read';
  throw new TraceFileError(`it is a capture of link type ${link} (offset ${at}): ${known}`);
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function damaged(offset: number, what: string): TraceFileError {
  return new TraceFileError(`it is damaged: ${what} (offset ${offset})`);
}
