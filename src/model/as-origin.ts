/** The autonomous system (AS) that an address belongs to: whose network it is. */

/** Where an address is announced from. */
export interface AsOrigin {
  /** 1 to 2^32 − 1. */
  readonly asn: number;
  /** What its holder calls it, safe to print; null where nobody tells. */
  readonly name: string | null;
  /** The announced prefix that covers the address, as `192.0.2.0/24`; null where nobody tells. */
  readonly prefix: string | null;
}

/** As reports write it: `AS64500 EXAMPLE-NET`. */
export function asOriginText({ asn, name }: AsOrigin): string {
  return name === null ? `AS${asn}` : `AS${asn} ${name}`;
}
