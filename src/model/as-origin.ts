/** The autonomous system (AS) that an address belongs to: whose network it is. */

import { printable } from '../lib/printable.ts';

/** Where an address is announced from. */
export interface AsOrigin {
  /** 1 to 2^32 − 1. */
  readonly asn: number;
  /** What its holder calls it, safe to print; null where nobody tells. */
  readonly name: string | null;
  /** The announced prefix that covers the address, as `192.0.2.0/24`; null where nobody tells. */
  readonly prefix: string | null;
}

const NAME_CHARACTERS_MAX = 120;
const ASN_MAX = 2 ** 32 - 1;

/** An origin out of what a source says; undefined where it names no AS. */
export function asOriginOf(said: {
  readonly asn: unknown;
  readonly name: unknown;
  readonly prefix: string | null;
}): AsOrigin | undefined {
  const digits = typeof said.asn === 'string' ? said.asn.replace(/^AS/i, '') : said.asn;
  const asn = typeof digits === 'string' && /^\d{1,10}$/.test(digits) ? Number(digits) : digits;
  if (typeof asn !== 'number' || !Number.isInteger(asn) || asn < 1 || asn > ASN_MAX) return;
  const { name } = said;
  const isNamed = typeof name === 'string' && name.trim() !== '';
  const shortened = isNamed ? [...name.trim()].slice(0, NAME_CHARACTERS_MAX).join('') : null;
  return { asn, name: shortened && printable(shortened), prefix: said.prefix };
}

/** As reports write it: `AS64500 EXAMPLE-NET`. */
export function asOriginText({ asn, name }: AsOrigin): string {
  return name === null ? `AS${asn}` : `AS${asn} ${name}`;
}
