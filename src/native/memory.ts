/**
 * Memory whose address the kernel may keep: mapped outside V8's heap, so that nothing moves it and
 * no garbage collection frees it.
 */

import { libc } from './libc.ts';
import { MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from './linux-abi.ts';
import { SystemCallError } from './system-error.ts';

/** Foreign memory and the one ArrayBuffer over it. */
export interface MemoryBlock {
  readonly address: bigint;
  readonly buffer: ArrayBuffer;
}

const PAGE_BYTES = 4096;
const MMAP_FAILED = -1n;

/**
 * Blocks that were given back, by size. They wait for the next taker and are not unmapped while
 * their thread lives: a view that outlived its owner would then crash the process, instead of
 * reading somebody else's packets.
 */
const spareBlocks = new Map<number, MemoryBlock[]>();

/**
 * A block of zeros, of `lengthBytes` rounded up to whole pages. The caller owns it until
 * `giveBack`.
 *
 * @throws {SystemCallError} when there is no memory
 */
export function takeMemory(lengthBytes: number): MemoryBlock {
  const mapped = Math.ceil(lengthBytes / PAGE_BYTES) * PAGE_BYTES;
  const spare = spareBlocks.get(mapped)?.pop();
  if (spare !== undefined) {
    new Uint8Array(spare.buffer).fill(0);
    return spare;
  }
  const { mmap, errno, view } = libc();
  const address = mmap(null, mapped, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (BigInt.asIntN(64, address) === MMAP_FAILED) throw new SystemCallError('mmap', errno());
  return { address, buffer: view(address, mapped) };
}

/** Ends the ownership: no descriptor may use the block, and no view of it be written any more. */
export function giveBack(block: MemoryBlock): void {
  const size = block.buffer.byteLength;
  const spares = spareBlocks.get(size);
  if (spares === undefined) spareBlocks.set(size, [block]);
  else spares.push(block);
}

/**
 * Gives all spare blocks of this thread back to the system: for a thread that ends, and reads and
 * writes none of them any more.
 */
export function unmapSpareMemory(): void {
  for (const { address, buffer } of [...spareBlocks.values()].flat()) {
    libc().munmap(address, buffer.byteLength);
  }
  spareBlocks.clear();
}
