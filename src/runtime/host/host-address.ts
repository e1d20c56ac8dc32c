/** Addresses that nothing can be sent from, or be traced to. */

import { createSocket } from 'node:dgram';
import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import { HostError } from './host-error.ts';

/**
 * Refuses what is not the address of one host: traced to, it would only look like a dead one.
 *
 * @param address 4 or 16 bytes
 * @throws {HostError} TARGET_NOT_A_HOST
 */
export function requireHost(address: Uint8Array): void {
  const kind = kindOf(address);
  if (kind === undefined) return;
  const message = `${formatIpAddress(address)} is ${kind}: name the address of one host`;
  throw new HostError('TARGET_NOT_A_HOST', message);
}

/** Reads the address of a host; undefined for anything else, or one of the other family. */
export function readHost(text: string, bytes: number): Uint8Array | undefined {
  const address = parseIpAddress(text);
  const isHost = address?.length === bytes && kindOf(address) === undefined;
  return isHost ? address : undefined;
}

/**
 * Reads the `source` of a library call.
 *
 * @param destination 4 or 16 bytes; the source must be of its family
 * @throws {RangeError} for anything else
 */
export function sourceOption(text: string, destination: Uint8Array): Uint8Array {
  const source = readHost(text, destination.length);
  if (source !== undefined) return source;
  throw new RangeError(`source must be an address of the target's family, got ${text}`);
}

/**
 * The same, and it must be ours: replies would go elsewhere else, and the network would seem dead.
 *
 * @throws {RangeError} for anything but an address of a host
 * @throws {HostError} SOURCE_NOT_LOCAL
 */
export async function ownSource(text: string, destination: Uint8Array): Promise<Uint8Array> {
  const source = sourceOption(text, destination);
  if (await isLocalAddress(source)) return source;
  const message = `source: ${printable(text)} is no address of this host`;
  throw new HostError('SOURCE_NOT_LOCAL', `${message}\nlook at \`ip address\``);
}

/**
 * Whether the kernel lets a socket be bound to the address; other refusals are left to those who
 * probe.
 */
export function isLocalAddress(address: Uint8Array): Promise<boolean> {
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
