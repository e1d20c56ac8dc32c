/** Runs filters of sockets as the kernel would. */

import type { BpfProgram } from '../../src/native/bpf.ts';

/** The registers of a run, and its packet. */
interface Machine {
  readonly accumulator: number;
  readonly index: number;
  /** Reads 1, 2 or 4 bytes at an offset that an instruction names. */
  readonly read: (bytes: number, offset: number) => number;
}

type Step = (machine: Machine, k: number) => Partial<Machine>;

/** What each instruction of `bpf.ts` does, by its code; `k` is its operand. */
const STEPS = new Map<number, Step>([
  [0x20, ({ read }, k) => ({ accumulator: read(4, k) })],
  [0x28, ({ read }, k) => ({ accumulator: read(2, k) })],
  [0x30, ({ read }, k) => ({ accumulator: read(1, k) })],
  [0x40, ({ read, index }, k) => ({ accumulator: read(4, k + index) })],
  [0x48, ({ read, index }, k) => ({ accumulator: read(2, k + index) })],
  [0x50, ({ read, index }, k) => ({ accumulator: read(1, k + index) })],
  [0xb1, ({ read }, k) => ({ index: 4 * (read(1, k) & 0x0f) })],
  [0x54, ({ accumulator }, k) => ({ accumulator: (accumulator & k) >>> 0 })],
  [0x64, ({ accumulator }, k) => ({ accumulator: (accumulator << k) >>> 0 })],
  [0x0c, ({ accumulator, index }) => ({ accumulator: (accumulator + index) >>> 0 })],
  [0x07, ({ accumulator }) => ({ index: accumulator })],
]);

const JUMPS = new Map<number, (accumulator: number, k: number, index: number) => boolean>([
  [0x1d, (accumulator, _k, index) => accumulator === index],
  [0x15, (accumulator, k) => accumulator === k],
  [0x25, (accumulator, k) => accumulator > k],
  [0x35, (accumulator, k) => accumulator >= k],
]);

/**
 * What the kernel would do: runs a program on a packet whose network header is at 0, and whose data
 * starts at `dataOffset` for the socket.
 *
 * @param beside what is known beside the packet, by offset from 0xfffff000
 * @returns how many bytes it keeps; a load out of range ends it with 0
 */
export function runFilter(
  program: BpfProgram,
  packet: Uint8Array,
  dataOffset: number,
  beside: Readonly<Record<number, number>> = {},
): number {
  try {
    return runUnguarded(program, reader(packet, dataOffset, beside));
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

function runUnguarded({ bytes, length }: BpfProgram, read: Machine['read']): number {
  const program = new DataView(bytes.buffer);
  let machine: Machine = { accumulator: 0, index: 0, read };
  for (let at = 0; at < length; at++) {
    const code = program.getUint16(at * 8, true);
    const k = program.getUint32(at * 8 + 4, true);
    const jump = JUMPS.get(code);
    if (code === 0x06) return k;
    if (jump === undefined) machine = { ...machine, ...STEPS.get(code)!(machine, k) };
    else at += program.getUint8(at * 8 + (jump(machine.accumulator, k, machine.index) ? 2 : 3));
  }
  throw new Error('the program has no end');
}

/** Big-endian reads; offsets from 0xfff00000 on are relative to the network header. */
function reader(
  packet: Uint8Array,
  dataOffset: number,
  beside: Readonly<Record<number, number>>,
): Machine['read'] {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return (bytes, offset) => {
    if (offset >= 0xfffff000) return beside[offset - 0xfffff000] ?? 0;
    const at = offset >= 0xfff00000 ? offset - 0xfff00000 : offset + dataOffset;
    if (bytes === 4) return view.getUint32(at);
    return bytes === 2 ? view.getUint16(at) : view.getUint8(at);
  };
}
