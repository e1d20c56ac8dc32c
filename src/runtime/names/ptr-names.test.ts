import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ptrNames, reverseName } from './ptr-names.ts';

const ROWS = [
  { address: '192.0.2.1', name: '1.2.0.192.in-addr.arpa' },
  { address: '0.0.0.0', name: '0.0.0.0.in-addr.arpa' },
  // The example of RFC 3596 §2.5.
  {
    address: '4321:0:1:2:3:4:567:89ab',
    name: 'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  },
];

test.each(ROWS)('$address is asked for as $name', ({ address, name }) => {
  expect(reverseName(address)).toBe(name);
});

test('no addresses have no names', async () => {
  expect(await ptrNames([])).toEqual(new Map());
});

test('names in the hosts file are taken from there, safe to print', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fantrace-hosts-'));
  const file = join(folder, 'hosts');
  try {
    writeFileSync(
      file,
      [
        '# 10.1.0.9 commented.lab',
        '10.1.0.2\tr1.lab r1  # the first',
        '10.1.0.2 again.lab',
        'fdec:1:0:0::2 r1-six.lab\r',
        '10.1.0.3 evil\u001b[31m',
        '10.1.0.4',
        'no-address name',
      ].join('\n'),
    );
    const addresses = ['10.1.0.2', 'fdec:1::2', '10.1.0.3'];
    expect(await ptrNames(addresses, undefined, file)).toEqual(
      new Map([
        ['10.1.0.2', 'r1.lab'],
        ['fdec:1::2', 'r1-six.lab'],
        ['10.1.0.3', 'evil\\u{1b}[31m'],
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a hosts file nothing is known of it', async () => {
  const over = AbortSignal.abort();
  expect(await ptrNames(['10.1.0.2'], over, '/nonexistent/hosts')).toEqual(new Map());
});
