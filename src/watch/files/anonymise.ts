/**
 * Hides who the client is: its address becomes that of its network, and so does every hop in that
 * network, whose name goes with it. Works on scamper's lines with whatever keys they have.
 */

import { formatIpAddress } from '../../lib/ip-address.ts';
import { contains, maskAddress } from '../../lib/ip-prefix.ts';
import { parseUnmapped } from '../connection.ts';

/** Bits that stay: a network of this size is many people's. */
const PREFIX_BITS = { 4: 24, 6: 48 } as const;

/** A line of scamper's, or a part of one. */
type Members = Readonly<Record<string, unknown>>;

/**
 * The `tracelb` or `trace` line without its client.
 *
 * @param isOwn whether an address is this host's own, which there is no reason to hide
 */
export function anonymised(line: Members, isOwn: (address: string) => boolean): Members {
  const { dst } = line;
  const target = typeof dst === 'string' ? parseUnmapped(dst) : undefined;
  if (target === undefined || isOwn(formatIpAddress(target))) return line;
  const length = PREFIX_BITS[target.length === 4 ? 4 : 6];
  const network = { address: maskAddress(target, length), length };
  return hidden(line, {
    isInside: (address) => contains(network, address) && !isOwn(formatIpAddress(address)),
    shown: formatIpAddress(network.address),
  }) as Members;
}

interface Network {
  readonly isInside: (address: Uint8Array) => boolean;
  /** What is written in place of addresses in it. */
  readonly shown: string;
}

/** Every address under one of these keys, at any depth. */
const ADDRESS_KEYS: ReadonlySet<string> = new Set(['addr', 'dst', 'rtr', 'src']);

function hidden(value: unknown, network: Network): unknown {
  if (Array.isArray(value)) return value.map((item) => hidden(item, network));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => {
    const isHere = ADDRESS_KEYS.has(key) && isInside(member, network);
    return { key, member: isHere ? network.shown : hidden(member, network), isHere };
  });
  const isHidden = entries.some(({ key, isHere }) => key === 'addr' && isHere);
  const kept = entries.filter(({ key }) => !isHidden || key !== 'name');
  return Object.fromEntries(kept.map(({ key, member }) => [key, member]));
}

function isInside(value: unknown, { isInside: contained }: Network): boolean {
  const address = typeof value === 'string' ? parseUnmapped(value) : undefined;
  return address !== undefined && contained(address);
}
