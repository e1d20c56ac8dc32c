/** Refuses addresses on the command line that nothing can be sent from, or be traced to. */

import { createSocket } from 'node:dgram';
import { familyOf, formatIpAddress, type IpFamily, parseIpAddress } from '../lib/ip-address.ts';
import { resolveTarget } from '../runtime/target.ts';
import { CliError } from './cli-error.ts';

/**
 * Looks a target up and refuses both ends of what would only look like a dead network.
 *
 * @throws {CliError} TARGET_NOT_A_HOST, SOURCE_NOT_LOCAL, USAGE
 * @throws {HostError} when the name has no address
 */
export async function checkEnds(
  target: string,
  {
    family,
    source,
  }: { readonly family?: IpFamily | undefined; readonly source?: string | undefined },
): Promise<void> {
  const { address } = await resolveTarget(target, family);
  requireHost(address);
  if (source !== undefined) await readSource(source, address);
}

/**
 * Refuses what is not the address of one host: traced to, it would only look like a dead one.
 *
 * @param address 4 or 16 bytes
 * @throws {CliError} TARGET_NOT_A_HOST
 */
export function requireHost(address: Uint8Array): void {
  const kind = kindOf(address);
  if (kind === undefined) return;
  const message = `${formatIpAddress(address)} is ${kind}: name the address of one host`;
  throw new CliError('TARGET_NOT_A_HOST', message);
}

/**
 * Reads `--source` and makes sure that it is an address of this host, as replies would go elsewhere
 * else and the network would seem dead.
 *
 * @param destination 4 or 16 bytes; the source must be of its family
 * @throws {CliError} USAGE, SOURCE_NOT_LOCAL
 */
export async function readSource(text: string, destination: Uint8Array): Promise<Uint8Array> {
  const source = parseIpAddress(text);
  if (source?.length !== destination.length || kindOf(source) !== undefined) {
    const family = familyOf(destination);
    const message = `--source: ${JSON.stringify(text)} is no IPv${family} address of a host`;
    throw new CliError(
      'USAGE',
      message,
      `${formatIpAddress(destination)} needs an IPv${family} one`,
    );
  }
  if (await isLocal(source)) return source;
  const message = `--source: ${formatIpAddress(source)} is no address of this host`;
  throw new CliError('SOURCE_NOT_LOCAL', message, 'look at `ip address`');
}

/** What an address is when it is not that of one host. */
function kindOf(address: Uint8Array): string | undefined {
  const [first = 0, second = 0] = address;
  const isV4 = address.length === 4;
  if (address.every((byte) => byte === 0)) return 'the unspecified address';
  if (isV4 && address.every((byte) => byte === 255)) return 'the broadcast address';
  if (isV4 ? first >> 4 === 14 : first === 255) return 'a multicast address';
  if (isV4 || first !== 0 || second !== 0) return undefined;
  const isMapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 255;
  return isMapped ? 'an IPv4 address written as an IPv6 one' : undefined; // RFC 4291 §2.5.5.2
}

/** Whether the kernel lets a socket be bound to it; other refusals are left to those who probe. */
function isLocal(address: Uint8Array): Promise<boolean> {
  const socket = createSocket(address.length === 4 ? 'udp4' : 'udp6');
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      socket.close(() => resolve(answer));
    };
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'EADDRNOTAVAIL'));
    socket.bind({ address: formatIpAddress(address), port: 0, exclusive: true }, () =>
      settle(true),
    );
  });
}
