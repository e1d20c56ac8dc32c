/** How a target is told of: by the name that it was given, and the address that was probed. */

/** `name (address)`; the name alone where it is that address, in brackets or with a zone. */
export function namedAddress(name: string, address: string): string {
  const literal = name.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  return literal === address ? name : `${name} (${address})`;
}
