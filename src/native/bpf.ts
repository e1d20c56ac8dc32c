/**
 * A small assembler for classic BPF, the filter language of sockets (McCanne and Jacobson 1993;
 * the kernel's Documentation/networking/filter.rst). An accumulator, an index register, jumps
 * forward only. A load beyond the end of the packet ends the program with 0: the packet is dropped.
 */

/** An instruction whose jumps still name labels, or a label for the instruction after it. */
export type BpfLine =
  | { readonly label: string }
  | {
      readonly code: number;
      readonly k: number;
      readonly whenTrue?: string;
      readonly whenFalse?: string;
    };

/** What the kernel takes: `length` times `struct sock_filter`, of 8 bytes each, little endian. */
export interface BpfProgram {
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Where a jump goes; the side that is not named goes on with the next instruction. */
export interface JumpTargets {
  readonly whenTrue?: string;
  readonly whenFalse?: string;
}

const SIZES = { word: 0x00, half: 0x08, byte: 0x10 } as const;

export type LoadSize = keyof typeof SIZES;

/** Names the next instruction. */
export function label(name: string): BpfLine {
  return { label: name };
}

/** Accumulator = big-endian value at the fixed `offset`. */
export function load(size: LoadSize, offset: number): BpfLine {
  return { code: 0x20 | SIZES[size], k: offset }; // BPF_LD | BPF_ABS
}

/** Accumulator = big-endian value at index register + `offset`. */
export function loadIndexed(size: LoadSize, offset: number): BpfLine {
  return { code: 0x40 | SIZES[size], k: offset }; // BPF_LD | BPF_IND
}

/** Index register = 4 × low nibble of the byte at `offset`: the length of an IPv4 header. */
export function indexHeaderLength(offset: number): BpfLine {
  return { code: 0xb1, k: offset }; // BPF_LDX | BPF_MSH | BPF_B
}

/** Accumulator &= mask. */
export function and(mask: number): BpfLine {
  return { code: 0x54, k: mask }; // BPF_ALU | BPF_AND | BPF_K
}

/** Accumulator <<= bits. */
export function shiftLeft(bits: number): BpfLine {
  return { code: 0x64, k: bits }; // BPF_ALU | BPF_LSH | BPF_K
}

/** Accumulator += index register. */
export function addIndex(): BpfLine {
  return { code: 0x0c, k: 0 }; // BPF_ALU | BPF_ADD | BPF_X
}

/** Index register = accumulator. */
export function moveToIndex(): BpfLine {
  return { code: 0x07, k: 0 }; // BPF_MISC | BPF_TAX
}

/** Is the accumulator `k`? */
export function jumpIfEqual(k: number, targets: JumpTargets): BpfLine {
  return { code: 0x15, k, ...targets }; // BPF_JMP | BPF_JEQ | BPF_K
}

/** Are accumulator and index register the same? */
export function jumpIfIndex(targets: JumpTargets): BpfLine {
  return { code: 0x1d, k: 0, ...targets }; // BPF_JMP | BPF_JEQ | BPF_X
}

/** Is the accumulator, unsigned, above `k`? */
export function jumpIfAbove(k: number, targets: JumpTargets): BpfLine {
  return { code: 0x25, k, ...targets }; // BPF_JMP | BPF_JGT | BPF_K
}

/** Is the accumulator, unsigned, `k` or above? */
export function jumpIfAtLeast(k: number, targets: JumpTargets): BpfLine {
  return { code: 0x35, k, ...targets }; // BPF_JMP | BPF_JGE | BPF_K
}

/** Ends the program: keeps so many bytes of the packet, 0 drops it. */
export function returnLength(bytes: number): BpfLine {
  return { code: 0x06, k: bytes }; // BPF_RET | BPF_K
}

/**
 * Resolves the labels and encodes the instructions.
 *
 * @throws {RangeError} for a label that is unknown, behind its jump, or more than 255 ahead
 */
export function assemble(lines: readonly BpfLine[]): BpfProgram {
  const labels = new Map<string, number>();
  let length = 0;
  for (const line of lines) {
    if ('label' in line) labels.set(line.label, length);
    else length++;
  }
  const bytes = new Uint8Array(length * 8);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const line of lines) {
    if ('label' in line) continue;
    view.setUint16(at * 8, line.code, true);
    view.setUint8(at * 8 + 2, distance(labels, at, line.whenTrue));
    view.setUint8(at * 8 + 3, distance(labels, at, line.whenFalse));
    view.setUint32(at * 8 + 4, line.k, true);
    at++;
  }
  return { length, bytes };
}

/** How many instructions a jump at `from` skips. */
function distance(labels: Map<string, number>, from: number, target: string | undefined): number {
  if (target === undefined) return 0;
  const skipped = (labels.get(target) ?? Number.NaN) - from - 1;
  if (skipped >= 0 && skipped <= 255) return skipped;
  throw new RangeError(`instruction ${from} cannot jump to '${target}'`);
}
