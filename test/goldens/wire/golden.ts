/**
 * Reads `*.hex`: packets made by other people's software, with what other people's software read in
 * them. A line `#= name value` states one field of the reply; other `#` lines are comments; the
 * rest is hex.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { formatIpAddress } from '../../../src/lib/ip-address.ts';

export interface Golden {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Every stated field by its path, such as `quote.transport.sequence`. */
  readonly stated: Readonly<Record<string, string>>;
}

export function readGoldens(): Golden[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.hex'));
  return names.map((name) => readGolden(name.slice(0, -'.hex'.length)));
}

export function readGolden(name: string): Golden {
  const lines = readFileSync(`${import.meta.dirname}/${name}.hex`, 'utf8').split('\n');
  const statements = lines.filter((line) => line.startsWith('#= '));
  const hex = lines.filter((line) => !line.startsWith('#')).join(' ');
  return {
    name,
    bytes: bytesOf(hex),
    stated: Object.fromEntries(
      statements.map((line) => line.split(' ').slice(1, 3) as [string, string]),
    ),
  };
}

/** The value at a dotted path, in the words of a `#=` line. */
export function stateField(value: object, path: string): string {
  let field: unknown = value;
  for (const key of path.split('.')) field = (field as Record<string, unknown>)[key];
  if (field instanceof Uint8Array) return formatIpAddress(field);
  if (Array.isArray(field)) return field.join(',') || 'none';
  return String(field);
}

/** Bytes from hex digits; spaces and line ends are for the reader. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));
}
