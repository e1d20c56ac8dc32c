import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWords, checksumOf } from '../lib/checksum.ts';
import { FRAME_BYTES, RingReader } from './ring-reader.ts';

const HOST = 0;
const OUTGOING = 4;
const NETWORK_AT = 80;
const FRAMES = 4;

/** What the kernel would have written. */
interface Frame {
  readonly packet: readonly number[];
  readonly type?: number;
  readonly captured?: number;
  readonly networkAt?: number;
  readonly seconds?: number;
  readonly nanoseconds?: number;
}

/** A ring in memory of the test, and the kernel's side of it. */
function ringOf(family: 4 | 6, seesSent: boolean) {
  const buffer = new ArrayBuffer(FRAMES * FRAME_BYTES);
  const view = new DataView(buffer);
  const status = (frame: number): number => view.getUint32(frame * FRAME_BYTES, true);
  return {
    reader: new RingReader(buffer, { family, seesSent }),
    status,
    write(frame: number, { packet, type = HOST, ...rest }: Frame): void {
      const { captured = packet.length, networkAt = NETWORK_AT } = rest;
      const at = frame * FRAME_BYTES;
      view.setUint32(at + 8, captured, true);
      view.setUint16(at + 14, networkAt, true);
      view.setUint32(at + 16, rest.seconds ?? 1, true);
      view.setUint32(at + 20, rest.nanoseconds ?? 0, true);
      view.setUint8(at + 32 + 10, type);
      const room = FRAME_BYTES - NETWORK_AT;
      new Uint8Array(buffer).set(packet.slice(0, room), at + NETWORK_AT);
      view.setUint32(at, 1, true); // TP_STATUS_USER
    },
  };
}

/** An IPv4 packet with a right header checksum. */
function ipv4(payload: readonly number[], total = 20 + payload.length): number[] {
  const header = [
    0x45,
    0,
    total >> 8,
    total & 0xff,
    0,
    1,
    0,
    0,
    64,
    1,
    0,
    0,
    10,
    0,
    0,
    1,
    10,
    0,
    0,
    2,
  ];
  const sum = checksumOf(addWords(0, Uint8Array.from(header)));
  return [...header.with(10, sum >> 8).with(11, sum & 0xff), ...payload];
}

function ipv6(payload: readonly number[]): number[] {
  return [0x60, 0, 0, 0, 0, payload.length, 58, 64, ...new Array<number>(32).fill(1), ...payload];
}

function receivedFrom(reader: RingReader): { bytes: number[]; realtimeUs: number }[] {
  const got: { bytes: number[]; realtimeUs: number }[] = [];
  reader.received((packet, realtimeUs) => got.push({ bytes: [...packet], realtimeUs }));
  return got;
}

describe('a ring of packets that come', () => {
  it('hands them over in order and gives their frames back', () => {
    const { reader, write, status } = ringOf(4, false);
    write(0, { packet: ipv4([1]), seconds: 2, nanoseconds: 3_999 });
    write(1, { packet: ipv4([2]) });
    expect(receivedFrom(reader)).toEqual([
      { bytes: ipv4([1]), realtimeUs: 2_000_003 },
      { bytes: ipv4([2]), realtimeUs: 1_000_000 },
    ]);
    expect([status(0), status(1)]).toEqual([0, 0]);
    expect(receivedFrom(reader)).toEqual([]);
  });

  it('goes round, at most once in a call', () => {
    const { reader, write } = ringOf(4, false);
    for (let frame = 0; frame < FRAMES; frame++) write(frame, { packet: ipv4([frame]) });
    let handedOver = 0;
    reader.received(() => {
      write(handedOver % FRAMES, { packet: ipv4([9]) }); // as fast as it is read
      handedOver++;
    });
    expect(handedOver).toBe(FRAMES);
    expect(receivedFrom(reader)).toHaveLength(FRAMES);
  });

  it('stops at a frame that is still the kernel’s, whatever comes behind it', () => {
    const { reader, write } = ringOf(4, false);
    write(1, { packet: ipv4([2]) });
    expect(receivedFrom(reader)).toEqual([]);
    write(0, { packet: ipv4([1]) });
    expect(receivedFrom(reader)).toHaveLength(2);
  });

  it('leaves away what pads a short Ethernet frame', () => {
    const { reader, write } = ringOf(4, false);
    write(0, { packet: [...ipv4([1, 2], 22), 0, 0, 0, 0] });
    expect(receivedFrom(reader)[0]?.bytes).toEqual(ipv4([1, 2]));
  });

  it('hands over IPv6 packets as long as their header says', () => {
    const { reader, write } = ringOf(6, false);
    write(0, { packet: [...ipv6([1, 2, 3]), 0, 0] });
    expect(receivedFrom(reader)[0]?.bytes).toEqual(ipv6([1, 2, 3]));
  });

  it('counts what the kernel would not have taken either', () => {
    const { reader, write } = ringOf(4, false);
    write(0, { packet: ipv4([1]).with(10, 0).with(11, 0) }); // a wrong checksum
    write(1, { packet: ipv4([1], 22) }); // shorter than it says
    write(2, { packet: ipv6([1]) });
    write(3, { packet: ipv4([1]).with(0, 0x44) }); // a header of 16 bytes
    expect(receivedFrom(reader)).toEqual([]);
    expect(reader.damaged).toBe(4);
  });

  it('reads nothing outside of a frame, whatever is in its header', () => {
    const numbers = fc.record({
      captured: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constantFrom(0xffffffff, 0x7fffffff)),
      networkAt: fc.integer({ min: 0, max: 0xffff }).map((at) => (at < 300 ? at : at & 0x1ff)),
      packet: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 176 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(4 as const, 6 as const), numbers, (family, frame) => {
        const { reader, write, status } = ringOf(family, false);
        write(0, frame);
        const got = receivedFrom(reader);
        const isInside = frame.networkAt + frame.captured <= FRAME_BYTES;
        const fits = frame.networkAt >= 52 && frame.networkAt % 4 === 0 && isInside;
        if (!fits) expect(got).toEqual([]);
        expect(got.length + reader.damaged).toBe(1);
        expect(status(0)).toBe(0);
      }),
    );
  });
});

describe('a ring that also sees what leaves', () => {
  it('tells send times before the replies behind them', () => {
    const { reader, write } = ringOf(4, true);
    write(0, { packet: ipv4([1]), type: OUTGOING, nanoseconds: 5_000 });
    write(1, { packet: ipv4([2]) });
    expect(receivedFrom(reader)).toEqual([]); // nobody has looked for what left
    const sent: number[] = [];
    reader.sent((packet, realtimeUs) => sent.push(packet.at(-1) as number, realtimeUs));
    expect(sent).toEqual([1, 1_000_005]);
    write(2, { packet: ipv4([3]), type: OUTGOING });
    write(3, { packet: ipv4([4]) });
    expect(receivedFrom(reader).map(({ bytes }) => bytes.at(-1))).toEqual([2]);
    reader.sent((packet) => sent.push(packet.at(-1) as number));
    expect(sent).toEqual([1, 1_000_005, 3]);
    expect(receivedFrom(reader).map(({ bytes }) => bytes.at(-1))).toEqual([4]);
  });

  it('tells each send time once, also of a ring that is full', () => {
    const { reader, write, status } = ringOf(4, true);
    for (let frame = 0; frame < FRAMES; frame++) {
      write(frame, { packet: ipv4([frame]), type: OUTGOING });
    }
    const sent: number[] = [];
    const look = (): void => reader.sent((packet) => sent.push(packet.at(-1) as number));
    look();
    look();
    expect(sent).toEqual([0, 1, 2, 3]);
    expect(receivedFrom(reader)).toEqual([]);
    expect([0, 1, 2, 3].map(status)).toEqual([0, 0, 0, 0]);
  });
});
