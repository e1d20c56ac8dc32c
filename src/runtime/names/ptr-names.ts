/** Names of addresses, looked up when measuring is over: in the hosts file, then in the DNS. */

import { parseIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import { askDns } from './dns-questions.ts';
import { HOSTS_FILE, hostsNames } from './hosts-names.ts';

const ADDRESSES_MAX = 1024;

/**
 * The first name of each address that has one, made safe to print. Never fails.
 *
 * @param signal ends the look-ups early, with the names that are known by then
 */
export async function ptrNames(
  addresses: Iterable<string>,
  signal?: AbortSignal,
  hostsFile: string = HOSTS_FILE,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  const wanted = [...new Set(addresses)].slice(0, ADDRESSES_MAX);
  if (wanted.length === 0) return names;
  const known = await hostsNames(hostsFile);
  for (const address of wanted) {
    const name = known.get(address);
    if (name !== undefined) names.set(address, printable(name));
  }
  const asked = wanted.filter((address) => !names.has(address));
  await askDns(asked, { signal }, async (resolver, address) => {
    const [name] = await resolver.resolvePtr(reverseName(address));
    if (name !== undefined && name !== '') names.set(address, printable(name));
  });
  return names;
}

/** The domain name under which an address has its PTR records (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: string): string {
  const zone = address.includes(':') ? 'ip6.arpa' : 'in-addr.arpa';
  return `${reverseLabels(address)}.${zone}`;
}

/** The octets of an IPv4 address or nibbles of an IPv6 one as labels, the last first. */
export function reverseLabels(address: string): string {
  const bytes = parseIpAddress(address) ?? new Uint8Array();
  const labels =
    bytes.length === 4
      ? [...bytes].map(String)
      : [...bytes].flatMap((byte) => [byte >> 4, byte & 0x0f].map((nibble) => nibble.toString(16)));
  return labels.reverse().join('.');
}
