/** Hosts as files name them. */

import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import { type SeenHost, TraceFileError } from './seen-traces.ts';

/**
 * The host with an address.
 *
 * @param name as the file has it; the address unless told
 * @throws {TraceFileError} for what is no address
 */
export function hostAt(text: string, name?: string): SeenHost {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) {
    throw new TraceFileError(`it is damaged: ${printable(text)} is no address`);
  }
  const address = formatIpAddress(bytes);
  return { address, name: name === undefined ? address : printable(name) };
}

/** What tells a host from others of a file. */
export function hostKey({ address, name }: SeenHost): string {
  return address ?? name;
}
