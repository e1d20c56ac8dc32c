/** The addresses that a result has answers from: those worth an annotation. */

import { parseIpAddress } from '../../lib/ip-address.ts';
import type { ScamperLines } from './scamper-file.ts';

/** Each once, in the order of the path; silent hops have none. */
export function hopAddresses(lines: ScamperLines): string[] {
  const found =
    lines.kind === 'trace'
      ? (lines.result.hops ?? []).map(({ addr }) => addr)
      : (lines.result.nodes ?? []).flatMap(({ addr, links }) => [
          addr,
          ...(links ?? []).flatMap((hop) => (hop ?? []).map((link) => link.addr)),
        ]);
  return [...new Set(found)].filter((address) => parseIpAddress(address) !== undefined);
}
