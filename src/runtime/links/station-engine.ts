/** The engine of a station: it begins without flows, as each measurement brings its own. */

import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { ProbeSink } from '../../model/probe.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { type EngineOptions, ProbeEngine } from '../../probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../probing/probe-token.ts';
import { ownAddresses } from '../host/own-addresses.ts';

type EngineTraits = Omit<EngineOptions, 'flows' | 'destinationPort' | 'tos'>;

/** An engine whose randomness is given. */
export function stationEngine(traits: EngineTraits): ProbeEngine {
  return new ProbeEngine({ ...traits, flows: [], destinationPort: 0, tos: 0 }, NOBODY);
}

/** An engine for the network of this host, whose tokens nobody can guess. */
export function hostEngine(traits: {
  readonly family: IpFamily;
  readonly rates: PacerRates;
  readonly addresses: AddressBook;
  /** Whether the kernel tells when packets left; false unless told. */
  readonly hasSendTimes?: boolean;
}): ProbeEngine {
  const { family, ...same } = traits;
  const any = new Uint8Array(family === 4 ? 4 : 16);
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  return stationEngine({
    ...same,
    source: any,
    destination: any,
    tokenKey: crypto.getRandomValues(new Uint32Array(TOKEN_KEY_WORDS)),
    random: new Random(seed),
    ownAddresses: ownAddresses().filter((own) => familyOf(own) === family),
  });
}

const NOBODY: ProbeSink = { replied() {}, repliedLate() {}, lost() {}, unsent() {} };
