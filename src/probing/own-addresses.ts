/**
 * Tells errors that our own host sends about our own probes: when a neighbour does not resolve, the
 * kernel answers a few seconds later with an unreachable, from whichever of our addresses suits it.
 * That is no news from the network.
 */

import { isSameAddress } from '../lib/ip-address.ts';
import type { IcmpErrorReply } from '../wire/reply.ts';
import type { Flow } from './flow.ts';

/** The addresses of this host, as far as they are known. */
export class OwnAddresses {
  readonly #addresses: readonly Uint8Array[];

  constructor(addresses: readonly Uint8Array[]) {
    this.#addresses = addresses;
  }

  /** Whether an error comes from this host; probes to this host itself excepted. */
  isFromUs({ source, cause }: IcmpErrorReply, flow: Flow): boolean {
    if (cause !== 'unreachable') return false;
    if (isSameAddress(source, flow.destination)) return false;
    if (isSameAddress(source, flow.source)) return true;
    return this.#addresses.some((own) => isSameAddress(own, source));
  }
}
