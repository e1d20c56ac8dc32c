import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeIcmp } from '../../../test/support/encoded-packets.ts';
import { parseIpAddress } from '../../lib/ip-address.ts';
import { pseudoHeaderSum } from '../../wire/pseudo-header.ts';
import { pingCommand } from './ping-command.ts';

const ENDS = {
  4: { source: '10.0.0.2', destination: '10.9.0.1', type: 8 },
  6: { source: '2001:db8::2', destination: '2001:db8:9::1', type: 128 },
} as const;

describe.each([4, 6] as const)('the only echo of a ping over IPv%i', (family) => {
  const { source, destination, type } = ENDS[family];

  test('has the checksum of its flow, whatever its number and length', () => {
    const numbers = fc.integer({ min: 1, max: 0xfffe });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 2, max: 15 }), (sourcePort, payloadBytes) => {
        const flow = { source, destination, sourcePort };
        const command = pingCommand(flow, { payloadBytes, tos: 0 }) ?? '';
        const [, bytes = '', pattern = ''] = /-s (\d+) -p ([0-9a-f]+) /.exec(command) ?? [];
        const payload = Buffer.from(pattern, 'hex');
        expect([payload.length, Number(bytes)]).toEqual([payloadBytes, payloadBytes]);
        const [from, to] = [source, destination].map((text) => parseIpAddress(text)) as [
          Uint8Array,
          Uint8Array,
        ];
        const sum = family === 4 ? 0 : pseudoHeaderSum(from, to, 58, 8 + payloadBytes);
        const parameter = sourcePort * 0x1_0000 + 1;
        const packet = encodeIcmp({ type, code: 0, parameter, body: payload }, sum);
        expect(((packet[2] ?? 0) << 8) | (packet[3] ?? 0)).toBe(sourcePort);
      }),
    );
  });

  test('is none where ping would write the time into it', () => {
    const flow = { source, destination, sourcePort: 32777 };
    expect(pingCommand(flow, { payloadBytes: 16, tos: 0 })).toBeUndefined();
    expect(pingCommand(flow, { payloadBytes: 6, tos: 184 })).toContain(' -Q 184 ');
    expect(pingCommand(flow, { payloadBytes: 1, tos: 0 })).toContain(' -s 2 ');
  });
});
