/**
 * Numbers in network byte order (RFC 791 appendix B) in and out of byte arrays. A `DataView` would
 * do the same, at the price of one allocation per packet.
 *
 * Reads past the end give zeros: decoders check lengths before they read.
 */

/** The big-endian 16-bit number at `offset`; missing bytes count as 0. */
export function uint16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** The big-endian 32-bit number at `offset`; missing bytes count as 0. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return int32At(bytes, offset) >>> 0;
}

/**
 * The same 32 bits as a signed number: V8 keeps those without an object, also where it does not
 * inline the call.
 */
export function int32At(bytes: Uint8Array, offset: number): number {
  return (uint16At(bytes, offset) << 16) | uint16At(bytes, offset + 2);
}

/** Writes the low 16 bits of `value`. */
export function writeUint16(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 8;
  into[offset + 1] = value;
}

/** Writes the low 32 bits of `value`. */
export function writeUint32(into: Uint8Array, offset: number, value: number): void {
  writeUint16(into, offset, value >>> 16);
  writeUint16(into, offset + 2, value);
}

/** Copies all of `bytes`; a loop, because `set` costs more than these few bytes do. */
export function writeOctets(into: Uint8Array, offset: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) into[offset + i] = bytes[i] ?? 0;
}

/** Copies as many bytes from `offset` on as `into` has; missing ones count as 0. */
export function readOctets(bytes: Uint8Array, offset: number, into: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] = bytes[offset + i] ?? 0;
}

/** @throws {RangeError} when `into` ends before `end`: writes past the end would vanish silently */
export function requireRoom(into: Uint8Array, end: number): void {
  if (end > into.length) throw new RangeError(`${end} bytes do not fit into ${into.length}`);
}

/** @throws {RangeError} when `options` are no whole 32-bit words, or more than a header can hold */
export function requireOptions(options: Uint8Array): void {
  if (options.length % 4 === 0 && options.length <= OPTIONS_BYTES_MAX) return;
  throw new RangeError(`options must be 0, 4, 8 … 40 bytes, got ${options.length}`);
}

/** IPv4 and TCP headers count their words in 4 bits: 15 words, 5 of them fixed. */
const OPTIONS_BYTES_MAX = 40;

export const NO_BYTES: Uint8Array = new Uint8Array(0);
