import { expect, test } from 'vitest';
import { parseIpAddress } from '../lib/ip-address.ts';
import { readSource } from './endpoints.ts';

function bytes(text: string): Uint8Array {
  return parseIpAddress(text) ?? new Uint8Array();
}

test('a source must be ours', async () => {
  expect(await readSource('127.0.0.2', bytes('192.0.2.1'))).toEqual(bytes('127.0.0.2'));
  await expect(readSource('192.0.2.7', bytes('192.0.2.1'))).rejects.toMatchObject({
    code: 'SOURCE_NOT_LOCAL',
    message: '--source: 192.0.2.7 is no address of this host',
  });
});

test.each(['nonsense', '::1', '', '127.0.0', '224.0.0.1', '0.0.0.0'])(
  'the source %j is refused for an IPv4 target',
  async (text) => {
    const refusal = { code: 'USAGE', message: expect.stringContaining(JSON.stringify(text)) };
    await expect(readSource(text, bytes('192.0.2.1'))).rejects.toMatchObject(refusal);
  },
);
