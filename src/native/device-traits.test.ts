import { expect, it } from 'vitest';
import { readDeviceTraits } from './device-traits.ts';

/** `struct ifinfomsg` of the device with index 7, named eth0. */
const HEADER = [0, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const NAME = [9, 0, 3, 0, 0x65, 0x74, 0x68, 0x30, 0, 0, 0, 0];
const MASTER = [8, 0, 10, 0, 3, 0, 0, 0];

it('reads index and name, and whether the device is part of another', () => {
  const traits = { index: 7, name: 'eth0' };
  const read = (bytes: number[]): unknown => readDeviceTraits(Uint8Array.from(bytes));
  expect(read([...HEADER, ...NAME])).toEqual({ ...traits, hasMaster: false });
  expect(read([...HEADER, ...MASTER, ...NAME])).toEqual({ ...traits, hasMaster: true });
});
