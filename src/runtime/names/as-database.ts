/** Autonomous systems from a file in MaxMind's format (MMDB), version 2.0. */

import { readFileSync } from 'node:fs';
import { Reader } from 'mmdb-lib';
import { formatIpAddress, parseIpAddress } from '../../lib/ip-address.ts';
import { formatIpPrefix, maskAddress } from '../../lib/ip-prefix.ts';
import { printable } from '../../lib/printable.ts';
import { type AsOrigin, asOriginOf } from '../../model/as-origin.ts';
import { HostError } from '../host/host-error.ts';
import { asInvokingUser } from '../host/privileges.ts';
import type { AsLookup } from './as-lookup.ts';

/** What databases of several makers call the same. */
interface AsFields {
  readonly autonomous_system_number?: unknown;
  readonly autonomous_system_organization?: unknown;
  readonly asn?: unknown;
  readonly as_name?: unknown;
  readonly name?: unknown;
}

/**
 * Reads the whole file into memory.
 *
 * @throws {HostError} AS_DATABASE_UNREADABLE
 */
export function openAsDatabase(file: string): AsLookup {
  const reader = opened(file);
  return {
    originsOf: async (addresses) => {
      const origins = new Map<string, AsOrigin>();
      for (const address of addresses) {
        const origin = lookedUp(reader, address);
        if (origin !== undefined) origins.set(address, origin);
      }
      return origins;
    },
  };
}

type AsReader = Reader<never>;

function opened(file: string): AsReader {
  try {
    return new Reader(asInvokingUser(() => readFileSync(file)));
  } catch (error) {
    const isFile = error instanceof Error && 'syscall' in error;
    const reason = isFile ? error.message : 'it is no MMDB file';
    const advice = 'name a database with autonomous systems, such as GeoLite2-ASN.mmdb';
    const message = `the AS database ${printable(file)} cannot be read: ${printable(reason)}`;
    throw new HostError('AS_DATABASE_UNREADABLE', `${message}\n${advice}`);
  }
}

/** Of a damaged database what can be read: to look an address up never fails. */
function lookedUp(reader: AsReader, address: string): AsOrigin | undefined {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) return undefined;
  try {
    const [found, length] = reader.getWithPrefixLength(formatIpAddress(bytes));
    if (typeof found !== 'object' || found === null) return undefined;
    const fields: AsFields = found;
    return asOriginOf({
      asn: fields.autonomous_system_number ?? fields.asn,
      name: fields.autonomous_system_organization ?? fields.as_name ?? fields.name ?? null,
      prefix: prefixText(bytes, length),
    });
  } catch {
    return undefined;
  }
}

/** The first `length` bits of an address, the rest zeros. */
function prefixText(address: Uint8Array, length: number): string | null {
  if (!Number.isInteger(length) || length < 0 || length > address.length * 8) return null;
  return formatIpPrefix({ address: maskAddress(address, length), length });
}
