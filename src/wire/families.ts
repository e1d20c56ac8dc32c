/** What packet code of both families looks up by family. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { IcmpDialect } from './icmp.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { IPV4_HEADER_BYTES } from './ipv4.ts';
import { IPV6_HEADER_BYTES } from './ipv6.ts';

export const ICMP_DIALECTS: Readonly<Record<IpFamily, IcmpDialect>> = { 4: ICMPV4, 6: ICMPV6 };

/** Of a header without options or extension headers. */
export const IP_HEADER_BYTES: Readonly<Record<IpFamily, number>> = {
  4: IPV4_HEADER_BYTES,
  6: IPV6_HEADER_BYTES,
};
