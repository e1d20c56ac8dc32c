import { describe, expect, it } from 'vitest';
import {
  decodeNetlinkAttributes,
  decodeNetlinkMessages,
  encodeNetlinkRequest,
  netlinkErrno,
} from './netlink-message.ts';

const REQUEST = {
  type: 26,
  flags: 1,
  sequence: 0x01020304,
  body: Uint8Array.of(2, 32, 0, 0),
  attributes: [
    { type: 1, value: Uint8Array.of(10, 0, 0, 1) },
    { type: 27, value: Uint8Array.of(6) },
    { type: 28, value: Uint8Array.of(0x80, 0x00) },
  ],
};

describe('netlink messages', () => {
  it('pads every attribute to 4 bytes, and counts the padding in the message alone', () => {
    const bytes = encodeNetlinkRequest(REQUEST);
    expect([...bytes]).toEqual([
      ...[44, 0, 0, 0, 26, 0, 1, 0, 4, 3, 2, 1, 0, 0, 0, 0],
      ...[2, 32, 0, 0],
      ...[8, 0, 1, 0, 10, 0, 0, 1],
      ...[5, 0, 27, 0, 6, 0, 0, 0],
      ...[6, 0, 28, 0, 0x80, 0, 0, 0],
    ]);
  });

  it('reads what it writes', () => {
    const [message] = decodeNetlinkMessages(encodeNetlinkRequest(REQUEST));
    expect(message).toMatchObject({ type: 26, sequence: 0x01020304 });
    const attributes = decodeNetlinkAttributes(message?.payload.subarray(4) ?? new Uint8Array());
    expect([...attributes]).toEqual(REQUEST.attributes.map(({ type, value }) => [type, value]));
  });

  it('reads several messages of a datagram', () => {
    const one = encodeNetlinkRequest({ ...REQUEST, attributes: [], body: new Uint8Array(5) });
    const padded = new Uint8Array(24);
    padded.set(one);
    const two = Uint8Array.of(...padded, ...encodeNetlinkRequest({ ...REQUEST, sequence: 9 }));
    expect(decodeNetlinkMessages(two).map(({ sequence }) => sequence)).toEqual([0x01020304, 9]);
  });

  it.each([
    ['a length beyond the datagram', [45, 0, 0, 0]],
    ['a length shorter than the header', [15, 0, 0, 0]],
  ])('ends at %s', (_, length) => {
    const bytes = encodeNetlinkRequest(REQUEST);
    bytes.set(length);
    expect(decodeNetlinkMessages(bytes)).toEqual([]);
  });

  it('ends at a damaged attribute', () => {
    const bytes = Uint8Array.of(5, 0, 1, 0, 7, 0, 0, 0, 3, 0, 2, 0);
    expect([...decodeNetlinkAttributes(bytes)]).toEqual([[1, Uint8Array.of(7)]]);
  });

  it('tells the error number of a refusal', () => {
    const payload = new Uint8Array(20);
    new DataView(payload.buffer).setInt32(0, -101, true);
    expect(netlinkErrno({ type: 2, sequence: 1, payload })).toBe(101);
  });
});
