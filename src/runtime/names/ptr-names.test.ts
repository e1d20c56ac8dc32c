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
