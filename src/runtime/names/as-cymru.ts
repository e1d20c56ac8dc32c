/**
 * Autonomous systems by DNS, as Team Cymru serves them: a TXT record for each address, and one for
 * each AS. An address record reads `23028 | 216.90.108.0/24 | US | arin | 1998-09-25`, an AS record
 * `23028 | US | arin | 2002-01-04 | TEAMCYMRU - Team Cymru Inc., US`.
 */

import type { Resolver } from 'node:dns/promises';
import { familyOf, formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { maskAddress } from '../../lib/ip-prefix.ts';
import { type AsOrigin, asOriginOf } from '../../model/as-origin.ts';
import type { AsLookup } from './as-lookup.ts';
import { askDns, type DnsPatience } from './dns-questions.ts';
import { reverseLabels } from './ptr-names.ts';

const ZONES = { 4: 'origin.asn.cymru.com', 6: 'origin6.asn.cymru.com' } as const;
const NAMES_ZONE = 'asn.cymru.com';
/** Longer prefixes are seldom announced: so long a one has one answer for all its addresses. */
const BLOCK_BITS = { 4: 24, 6: 48 } as const;
/** Asked for at once; and answers kept, the oldest of which make room. */
const ADDRESSES_MAX = 1024;
const KEPT_MAX = 65_536;
const KEPT_MS = 3_600_000;

/** What the table tells; origin undefined where it knows that there is none. */
interface Answer {
  readonly origin: AsOrigin | undefined;
  readonly untilMs: number;
}

/** Asks the DNS, and remembers for an hour. */
export class CymruLookup implements AsLookup {
  readonly #patience: DnsPatience;
  readonly #blocks = new Map<string, Answer>();
  readonly #names = new Map<number, string>();

  constructor(patience: DnsPatience = {}) {
    this.#patience = patience;
  }

  async originsOf(
    addresses: Iterable<string>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, AsOrigin>> {
    const blocks = new Map<string, string>();
    for (const address of new Set(addresses)) {
      const bytes = parseIpAddress(address);
      if (bytes === undefined || !isPublic(bytes)) continue;
      if (blocks.size < ADDRESSES_MAX) blocks.set(address, blockOf(bytes));
    }
    const patience = { ...this.#patience, signal };
    await this.#askOrigins(
      new Map([...blocks].map(([address, block]) => [block, address])),
      patience,
    );
    await this.#askNames(blocks.values(), patience);
    const origins = new Map<string, AsOrigin>();
    for (const [address, block] of blocks) {
      const origin = this.#blocks.get(block)?.origin;
      if (origin === undefined) continue;
      origins.set(address, { ...origin, name: this.#names.get(origin.asn) ?? null });
    }
    return origins;
  }

  async #askOrigins(blocks: ReadonlyMap<string, string>, patience: DnsPatience): Promise<void> {
    const nowMs = Date.now();
    const isOpen = ([block]: readonly [string, string]): boolean =>
      (this.#blocks.get(block)?.untilMs ?? 0) <= nowMs;
    await askDns([...blocks].filter(isOpen), patience, async (resolver, [block, address]) => {
      const zone = ZONES[address.includes(':') ? 6 : 4];
      const records = await textsOf(resolver, `${reverseLabels(address)}.${zone}`);
      if (records === undefined) return;
      keep(this.#blocks, block, { origin: nearestOrigin(records), untilMs: nowMs + KEPT_MS });
    });
  }

  async #askNames(blocks: Iterable<string>, patience: DnsPatience): Promise<void> {
    const found = [...blocks].map((block) => this.#blocks.get(block)?.origin?.asn);
    const open = [...new Set(found)].filter((asn) => asn !== undefined && !this.#names.has(asn));
    await askDns(open as number[], patience, async (resolver, asn) => {
      const [record = ''] = (await textsOf(resolver, `AS${asn}.${NAMES_ZONE}`)) ?? [];
      const name = record.split('|').slice(4).join('|');
      const origin = asOriginOf({ asn, name, prefix: null });
      if (origin?.name != null) keep(this.#names, asn, origin.name);
    });
  }
}

/** @returns none where the name does not exist, undefined where nobody knows */
async function textsOf(resolver: Resolver, name: string): Promise<string[] | undefined> {
  try {
    return (await resolver.resolveTxt(name)).map((parts) => asUtf8(parts.join('')));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : undefined;
  }
}

/** The resolver of Node reads TXT records as Latin-1; their authors write UTF-8. */
function asUtf8(text: string): string {
  return /[^\0-\xff]/.test(text) ? text : Buffer.from(text, 'latin1').toString();
}

/** Of several records that of the longest prefix; of several origins of a prefix the first. */
function nearestOrigin(records: readonly string[]): AsOrigin | undefined {
  const origins = records.flatMap((record) => {
    const [asns = '', prefix = ''] = record.split('|').map((field) => field.trim());
    const [asn = ''] = asns.split(' ');
    return asOriginOf({ asn, name: null, prefix: prefixOf(prefix) }) ?? [];
  });
  return origins.sort((a, b) => lengthOf(b) - lengthOf(a))[0];
}

/** The prefix if it is one, in the form that we write addresses in. */
function prefixOf(text: string): string | null {
  const [, address = '', length = ''] = /^([\da-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bytes = parseIpAddress(address);
  if (bytes === undefined || Number(length) > 8 * bytes.length) return null;
  return `${formatIpAddress(bytes)}/${Number(length)}`;
}

function lengthOf({ prefix }: AsOrigin): number {
  return Number(prefix?.split('/')[1] ?? 0);
}

function blockOf(bytes: Uint8Array): string {
  return formatIpAddress(maskAddress(bytes, BLOCK_BITS[familyOf(bytes)]));
}

function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  const oldest = map.size >= KEPT_MAX ? map.keys().next() : undefined;
  if (oldest?.done === false) map.delete(oldest.value);
  map.set(key, value);
}

/**
 * Whether an address may be announced to the world: not private (RFC 1918, RFC 4193, RFC 6598),
 * local (RFC 1122, RFC 3927, RFC 4291) or multicast. Others are nobody's business.
 */
function isPublic(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 16) return first >> 5 === 1; // 2000::/3, all that is given out so far
  if (first === 0 || first === 10 || first === 127 || first >= 224) return false;
  if (first === 100) return second >> 6 !== 1;
  if (first === 169) return second !== 254;
  if (first === 172) return second >> 4 !== 1;
  return first !== 192 || second !== 168;
}
