/**
 * IP addresses as bytes in network order (4 or 16 of them) and as text. Text out is canonical:
 * dotted decimal, or RFC 5952 for IPv6. Zone ids are the caller's: they are no part of an address.
 */

export type IpFamily = 4 | 6;

/**
 * Reads one address.
 *
 * IPv4 is strict dotted decimal: four parts, no leading zeros, so that nothing is read as octal
 * (RFC 6943 §3.1.1). IPv6 is RFC 4291 §2.2, with at most one `::` and an optional dotted tail.
 *
 * @returns 4 or 16 bytes in network order, or undefined when `text` is no address
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * @param bytes 4 or 16 bytes, network order
 * @throws {RangeError} when there are not 4 or 16 of them
 */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16)
    throw new RangeError(`an address has 4 or 16 bytes, got ${bytes.length}`);
  return formatIpv6(bytes);
}

/** The family that an address of this many bytes belongs to. */
export function familyOf(bytes: Uint8Array): IpFamily {
  return bytes.length === 4 ? 4 : 6;
}

/** Whether two addresses are the same, byte by byte; false when the families differ. */
export function isSameAddress(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [headText = '', tailText] = halves;
  const head = parseGroups(headText);
  const tail = parseGroups(tailText ?? '');
  if (head === undefined || tail === undefined) return undefined;
  if (tailText !== undefined && headText.includes('.')) return undefined;
  const missing = 8 - head.length - tail.length;
  if (tailText === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const dotted = i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (dotted === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = dotted;
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `::ffff:${bytes.subarray(12).join('.')}`; // RFC 5952 §5
  const zeros = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (zeros.length < 2) return hex.join(':'); // RFC 5952 §4.2.2: never shorten a single group
  const [head, tail] = [hex.slice(0, zeros.start), hex.slice(zeros.start + zeros.length)];
  return `${head.join(':')}::${tail.join(':')}`;
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
