import { describe, expect, it } from 'vitest';
import { type ArenaShape, arenaLayout, MessageArena } from './message-arena.ts';

const ADDRESS = 0x7f00_0000_0000n;
const SHAPE: ArenaShape = {
  slots: 3,
  packetBytes: 128,
  headroomBytes: 40,
  controlBytes: 96,
  names: 'each',
};

/** An arena over ordinary memory that pretends to be at `ADDRESS`. */
function arena(shape: ArenaShape): { arena: MessageArena; view: DataView } {
  let buffer = new ArrayBuffer(0);
  const made = new MessageArena(shape, (lengthBytes) => {
    buffer = new ArrayBuffer(lengthBytes);
    return { address: ADDRESS, buffer };
  });
  return { arena: made, view: new DataView(buffer) };
}

describe('arenaLayout', () => {
  it('puts one part after the other, without gap or overlap', () => {
    expect(arenaLayout(SHAPE)).toEqual({
      headers: 0,
      vectors: 3 * 64,
      names: 3 * 64 + 3 * 16,
      nameStride: 32,
      controls: 240 + 3 * 32,
      packets: 336 + 3 * 96,
      packetStride: 168,
      totalBytes: 624 + 3 * 168,
    });
  });

  it('has room for one name when all share it', () => {
    const layout = arenaLayout({ ...SHAPE, names: 'one' });
    expect(layout).toMatchObject({ nameStride: 0, names: 240, controls: 272 });
  });

  it.each(['packetBytes', 'headroomBytes', 'controlBytes'] as const)(
    'refuses %s that would break the alignment',
    (size) => {
      expect(() => arenaLayout({ ...SHAPE, [size]: 100 + 1 })).toThrow(RangeError);
    },
  );
});

describe('MessageArena', () => {
  it('points each mmsghdr at its own name, vector and control room (struct msghdr, LP64)', () => {
    const { arena: made, view } = arena(SHAPE);
    for (let slot = 0; slot < SHAPE.slots; slot++) {
      const header = slot * 64;
      const vector = 192 + slot * 16;
      expect(made.headerAddress(slot)).toBe(ADDRESS + BigInt(header));
      expect(view.getBigUint64(header, true)).toBe(ADDRESS + BigInt(240 + slot * 32));
      expect(view.getUint32(header + 8, true)).toBe(32);
      expect(view.getBigUint64(header + 16, true)).toBe(ADDRESS + BigInt(vector));
      expect(view.getBigUint64(header + 24, true)).toBe(1n);
      expect(view.getBigUint64(header + 32, true)).toBe(ADDRESS + BigInt(336 + slot * 96));
      expect(view.getBigUint64(header + 40, true)).toBe(96n);
      expect(view.getBigUint64(vector, true)).toBe(ADDRESS + BigInt(624 + slot * 168 + 40));
      expect(view.getBigUint64(vector + 8, true)).toBe(128n);
    }
  });

  it('has no control pointer where there is no room', () => {
    const { view } = arena({ ...SHAPE, controlBytes: 0, names: 'one' });
    expect(view.getBigUint64(32, true)).toBe(0n);
    expect(view.getBigUint64(64, true)).toBe(view.getBigUint64(0, true));
  });

  it('sets again what a receive has overwritten', () => {
    const { arena: made, view } = arena(SHAPE);
    view.setUint32(64 + 8, 16, true); // msg_namelen
    view.setUint32(64 + 40, 72, true); // msg_controllen
    view.setUint32(64 + 48, 0x20, true); // MSG_TRUNC
    expect(made.controlLength(1)).toBe(72);
    expect(made.isTruncated(1)).toBe(true);
    made.prepareToReceive(1);
    expect(view.getUint32(64 + 8, true)).toBe(32);
    expect(made.controlLength(1)).toBe(96);
    expect(made.isTruncated(1)).toBe(false);
  });

  it('shows headroom and packet as one view, the same one while the length stays', () => {
    const { arena: made, view } = arena(SHAPE);
    view.setUint32(2 * 64 + 56, 60, true); // msg_len
    const packet = made.receivedPacket(2);
    expect(packet.byteOffset).toBe(made.packetOffset(2));
    expect(packet.length).toBe(40 + 60);
    expect(made.receivedPacket(2)).toBe(packet);
    view.setUint32(2 * 64 + 56, 61, true);
    expect(made.receivedPacket(2).length).toBe(40 + 61);
  });

  it('never shows more than the slot, whatever length the kernel told', () => {
    const { arena: made, view } = arena(SHAPE);
    view.setUint32(56, 9000, true);
    expect(made.receivedPacket(0).length).toBe(40 + 128);
  });

  it('takes the length of a packet to send, up to the room of a slot', () => {
    const { arena: made, view } = arena(SHAPE);
    made.prepareToSend(1, 60, 28);
    expect(view.getUint32(64 + 8, true)).toBe(28);
    expect(view.getBigUint64(192 + 16 + 8, true)).toBe(60n);
    expect(() => made.prepareToSend(1, 129, 28)).toThrow(RangeError);
  });

  it.each([-1, 3, 0.5, Number.NaN])('refuses slot %d', (slot) => {
    const { arena: made } = arena(SHAPE);
    expect(() => made.headerAddress(slot)).toThrow(RangeError);
    expect(() => made.prepareToReceive(slot)).toThrow(RangeError);
    expect(() => made.receivedPacket(slot)).toThrow(RangeError);
  });
});
