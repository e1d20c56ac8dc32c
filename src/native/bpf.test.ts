import { describe, expect, it } from 'vitest';
import { assemble, jumpIfEqual, label, load, returnLength } from './bpf.ts';

describe('assemble', () => {
  it('encodes instructions as the kernel takes them', () => {
    const program = assemble([
      load('half', 2),
      jumpIfEqual(0x1234, { whenFalse: 'drop' }),
      returnLength(0x40000),
      label('drop'),
      returnLength(0),
    ]);
    expect(program.length).toBe(4);
    const hex = Buffer.from(program.bytes).toString('hex').match(/.{16}/g);
    expect(hex).toEqual([
      '2800000002000000', // ldh [2]
      '1500000134120000', // jeq #0x1234, +0, +1
      '0600000000000400', // ret #0x40000
      '0600000000000000', // ret #0
    ]);
  });

  it.each([
    { shows: 'an unknown label', lines: [jumpIfEqual(1, { whenTrue: 'nowhere' })] },
    {
      shows: 'a jump back',
      lines: [label('start'), load('byte', 0), jumpIfEqual(1, { whenTrue: 'start' })],
    },
    {
      shows: 'a jump too far',
      lines: [
        jumpIfEqual(1, { whenTrue: 'end' }),
        ...new Array(256).fill(load('byte', 0)),
        label('end'),
        returnLength(0),
      ],
    },
  ])('refuses $shows', ({ lines }) => {
    expect(() => assemble(lines)).toThrow(RangeError);
  });
});
