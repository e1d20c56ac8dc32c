import { describe, expect, it } from 'vitest';
import { decodeNetlinkMessages } from './netlink-message.ts';
import { decodeDiagnosedSocket, encodeDumpRequest } from './sock-diag-message.ts';

/** What Linux 6.18 says of a TCP socket from 127.0.0.1:45000 to port 8080 that is destroyed. */
const DESTROYED_HEX: string = [
  '7c01000014000000000000000000000002070000afc81f907f0000010000000000000000000000007f000001',
  '0000000000000000000000000000000009300000000000000000000000000000000000000000000000000000',
  '05000a00060000001c010200070000000007aa01e01c0300409c000000800000180200000000000000000000',
  '00000000000000000000000004000000000000000400000004000000ffff0000d7ff0000160000000b000000',
  'ffffff7f0b000000cbff00000300000000000000d7ff0000000000004b1acf1309000000ffffffffffffffff',
  '020000000000000002000000000000000400000004000000000000000e00000001000000000000002449828b',
  '0000000000000000000000000000000000000000000000000000000002000000000000000000000000000000',
  '000000000000000000000000000000000000000000000100000001',
]
  .join('')
  .padEnd(2 * 380, '0');
const COOKIE = 0x3009n;
const COOKIE_AT = 16 + 44;
const ADDRESSES_AT = 16 + 8;
const RETRANSMITS_AT = 16 + 72 + 8 + 4 + 100;

function destroyed(patch: (bytes: Uint8Array) => void = () => {}) {
  const bytes = new Uint8Array(Buffer.from(DESTROYED_HEX, 'hex'));
  patch(bytes);
  return decodeNetlinkMessages(bytes).map(decodeDiagnosedSocket);
}

describe('decodeDiagnosedSocket', () => {
  it('reads what the kernel says', () => {
    expect(destroyed()).toEqual([
      {
        local: Uint8Array.of(127, 0, 0, 1),
        localPort: 45_000,
        remote: Uint8Array.of(127, 0, 0, 1),
        remotePort: 8080,
        cookie: COOKIE,
        retransmits: 0,
      },
    ]);
  });

  it('reads all 64 bits of a cookie, unsigned', () => {
    const [socket] = destroyed((bytes) => bytes.fill(0xff, COOKIE_AT, COOKIE_AT + 8));
    expect(socket?.cookie).toBe(2n ** 64n - 1n);
  });

  it('reads IPv6 addresses whole', () => {
    const [socket] = destroyed((bytes) => {
      bytes[16] = 10;
      bytes.fill(0xfd, ADDRESSES_AT, ADDRESSES_AT + 16);
    });
    expect(socket?.local).toEqual(new Uint8Array(16).fill(0xfd));
    expect(socket?.remote).toHaveLength(16);
  });

  it('reads retransmissions', () => {
    const [socket] = destroyed((bytes) => bytes.set([7, 1], RETRANSMITS_AT));
    expect(socket?.retransmits).toBe(263);
  });

  it('takes any prefix of it without an exception', () => {
    const whole = Buffer.from(DESTROYED_HEX, 'hex');
    for (let length = 16; length < whole.length; length++) {
      const bytes = new Uint8Array(whole.subarray(0, length));
      new DataView(bytes.buffer).setUint32(0, length, true);
      const [socket] = decodeNetlinkMessages(bytes).map(decodeDiagnosedSocket);
      expect(socket?.cookie).toBe(length < 16 + 72 ? undefined : COOKIE);
    }
  });

  it('takes messages of other kinds for none', () => {
    expect(destroyed((bytes) => bytes.set([3, 0], 4))).toEqual([undefined]);
    expect(destroyed((bytes) => bytes.set([1], 16))).toEqual([undefined]);
  });
});

it('asks for connections alone, and for their retransmissions', () => {
  const request = encodeDumpRequest(6, 9);
  expect([...request.subarray(0, 16)]).toEqual([72, 0, 0, 0, 20, 0, 1, 3, 9, 0, 0, 0, 0, 0, 0, 0]);
  const [family, protocol, extensions] = request.subarray(16);
  expect([family, protocol, extensions]).toEqual([10, 6, 2]);
  const states = new DataView(request.buffer).getUint32(20, true);
  const isAsked = (state: number): boolean => (states & (1 << state)) !== 0;
  const [established, closeWait, timeWait, listen] = [1, 8, 6, 10];
  expect([established, closeWait, timeWait, listen].map(isAsked)).toEqual([
    ...[true, true, false, false],
  ]);
});
