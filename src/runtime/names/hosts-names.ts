/** Names that this host has in a file of its own (hosts(5)), where the DNS need not be asked. */

import { readFile } from 'node:fs/promises';
import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';

/** Where the file is on all systems that run this. */
export const HOSTS_FILE = '/etc/hosts';

/** By address in canonical form its first name; none where the file cannot be read. */
export async function hostsNames(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [written = '', name] = line.replace(/#.*/, '').trim().split(/\s+/);
    const address = parseIpAddress(written);
    if (address === undefined || name === undefined) continue;
    const canonical = formatIpAddress(address);
    if (!names.has(canonical)) names.set(canonical, name);
  }
  return names;
}
