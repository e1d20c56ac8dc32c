import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interfaceInformation } from './interface-information.ts';

const NAME = [8, 0x65, 0x74, 0x68, 0x30, 0, 0, 0];
const INDEX = [0, 0, 0, 7];
const ADDRESS_4 = [0, 1, 0, 0, 10, 1, 2, 3];
const ADDRESS_6 = [0, 2, 0, 0, 0xfd, ...new Array<number>(14).fill(0), 1];
const MTU = [0, 0, 5, 220];
const NONE = { index: undefined, address: undefined, name: undefined, mtu: undefined };

const ROWS = [
  { classType: 0b0000_0000, payload: [], read: [{ role: 'incoming', ...NONE }] },
  {
    classType: 0b1000_1111,
    payload: [...INDEX, ...ADDRESS_4, ...NAME, ...MTU],
    read: [
      {
        role: 'outgoing',
        index: 7,
        address: Uint8Array.of(10, 1, 2, 3),
        name: 'eth0',
        mtu: 1500,
      },
    ],
  },
  {
    classType: 0b1100_0100,
    payload: ADDRESS_6,
    read: [{ role: 'next-hop', ...NONE, address: Uint8Array.from(ADDRESS_6.slice(4)) }],
  },
  {
    classType: 0b0000_0010,
    payload: [4, 0xc3, 0xff, 0x41],
    read: [{ role: 'incoming', ...NONE, name: '\ufffd\ufffdA' }],
  },
  { classType: 0b0000_0100, payload: [0, 3, 0, 0, 1, 2, 3, 4], read: [] },
  { classType: 0b0000_0010, payload: [0, 1, 2, 3], read: [] },
  { classType: 0b0000_0010, payload: [5, 65, 66, 67, 68], read: [] },
  { classType: 0b0000_1001, payload: INDEX, read: [] },
];

test.each(ROWS)('class type $classType with $payload', ({ classType, payload, read }) => {
  const object = { classNumber: 2, classType, payload: Uint8Array.from(payload) };
  expect(interfaceInformation([object])).toEqual(read);
  expect(interfaceInformation([{ ...object, classNumber: 1 }])).toEqual([]);
});

test('no object is too odd to read', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: 80 }), (classType, payload) => {
      interfaceInformation([{ classNumber: 2, classType, payload }]);
    }),
  );
});
