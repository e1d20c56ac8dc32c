/**
 * Memory whose address the kernel may keep: mapped outside V8's heap, so that nothing moves it and
 * no garbage collection frees it.
 */

import { libc } from './libc.ts';
import { MAP_FIXED, MAP_PRIVATE_ANONYMOUS, MAP_SHARED, PROT_READ_WRITE } from './linux-abi.ts';
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
  if (spare === undefined) return mapNew(mapped);
  new Uint8Array(spare.buffer).fill(0);
  return spare;
}

/**
 * Memory that a descriptor shares with us, such as the ring of a packet socket: `lengthBytes` from
 * its start, a multiple of 4096. It takes the place of a block of ours, so that no view of it ever
 * points nowhere. The caller owns it until `giveSharedBack`.
 *
 * @throws {SystemCallError}
 */
export function takeShared(fd: number, lengthBytes: number): MemoryBlock {
  const block = spareBlocks.get(lengthBytes)?.pop() ?? mapNew(lengthBytes);
  try {
    mapOver(block, MAP_SHARED, fd);
    return block;
  } catch (error) {
    giveSharedBack(block);
    throw error;
  }
}

/** Puts memory of our own, all zeros, in the place of what was shared. */
export function giveSharedBack(block: MemoryBlock): void {
  mapOver(block, MAP_PRIVATE_ANONYMOUS, -1);
  giveBack(block);
}

function mapOver({ address, buffer }: MemoryBlock, kind: number, fd: number): void {
  const { mmap, errno } = libc();
  const mapped = mmap(address, buffer.byteLength, PROT_READ_WRITE, kind | MAP_FIXED, fd, 0);
  if (BigInt.asIntN(64, mapped) === MMAP_FAILED) throw new SystemCallError('mmap', errno());
}

function mapNew(mapped: number): MemoryBlock {
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
