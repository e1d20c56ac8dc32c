/** Parts of a packet that few readers look into: a view of each would be an object per packet. */

import { int32At, NO_BYTES } from './octets.ts';

/** Where a part is. Valid as long as the packet and what was read from it: see `ReplyReader`. */
export class PacketPart {
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  /** Makes it the part `bytes[start, end)`. */
  place(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** The big-endian number at an offset from the start of the part, which must hold it; signed. */
  int32At(offset: number): number {
    return int32At(this.#bytes, this.#start + offset);
  }
}
