/** Refuses addresses on the command line that nothing can be sent from, or be traced to. */

import { familyOf, formatIpAddress, type IpFamily } from '../lib/ip-address.ts';
import { resolveTarget } from '../runtime/calls/target.ts';
import { isLocalAddress, readHost, requireHost } from '../runtime/host/host-address.ts';
import { CliError } from './cli-error.ts';

/**
 * Looks a target up and refuses both ends of what would only look like a dead network.
 *
 * @throws {CliError} SOURCE_NOT_LOCAL, USAGE
 * @throws {HostError} TARGET_NOT_A_HOST
 * @throws {TargetError} when the name has no address
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
 * Reads `--source` and makes sure that it is an address of this host, as replies would go elsewhere
 * else and the network would seem dead.
 *
 * @param destination 4 or 16 bytes; the source must be of its family
 * @throws {CliError} USAGE, SOURCE_NOT_LOCAL
 */
export async function readSource(text: string, destination: Uint8Array): Promise<Uint8Array> {
  const source = readHost(text, destination.length);
  if (source === undefined) {
    const family = familyOf(destination);
    const message = `--source: ${JSON.stringify(text)} is no IPv${family} address of a host`;
    throw new CliError(
      'USAGE',
      message,
      `${formatIpAddress(destination)} needs an IPv${family} one`,
    );
  }
  if (await isLocalAddress(source)) return source;
  const message = `--source: ${formatIpAddress(source)} is no address of this host`;
  throw new CliError('SOURCE_NOT_LOCAL', message, 'look at `ip address`');
}
