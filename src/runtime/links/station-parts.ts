/**
 * What stations run over: a link of this host or a simulated one, with an engine that begins
 * without flows, as each measurement brings its own.
 */

import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import { DEAF_SINK } from '../../model/probe.ts';
import type { TraceRung } from '../../model/trace-record.ts';
import type { PacerRates } from '../../probing/pacer.ts';
import { type EngineOptions, ProbeEngine } from '../../probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../probing/probe-token.ts';
import { ownAddresses } from '../host/own-addresses.ts';
import { HostTimeline, VirtualTimeline } from '../timeline.ts';
import type { LoopParts } from './station-loop.ts';

/** What a station runs over; whoever opened it closes it. */
export interface StationParts extends LoopParts {
  readonly addresses: AddressBook;
  readonly rung: TraceRung;
  /** What spoils every measurement here, a sentence each. */
  readonly notes: readonly string[];
  close(): void;
}

/** On a simulated network, in virtual time; closes the link. */
export function simulatedStationParts(
  link: StationParts['link'],
  traits: Pick<EngineOptions, 'source' | 'destination' | 'tokenKey' | 'rates' | 'random'>,
): StationParts {
  const addresses = new AddressBook();
  const engine = engineWithoutFlows({ ...traits, addresses });
  const timeline = new VirtualTimeline();
  return {
    engine,
    link,
    timeline,
    addresses,
    rung: 'simulated',
    notes: [],
    close: () => link.close(),
  };
}

/** On a link of this host, with tokens that nobody can guess. */
export function hostStationParts(
  open: Pick<StationParts, 'link' | 'rung' | 'notes' | 'close'>,
  {
    family,
    ...traits
  }: {
    readonly family: IpFamily;
    readonly rates: PacerRates;
    /** Whether the kernel tells when packets left; false unless told. */
    readonly hasSendTimes?: boolean;
  },
): StationParts {
  const addresses = new AddressBook();
  const any = new Uint8Array(family === 4 ? 4 : 16);
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  const engine = engineWithoutFlows({
    ...traits,
    addresses,
    source: any,
    destination: any,
    tokenKey: crypto.getRandomValues(new Uint32Array(TOKEN_KEY_WORDS)),
    random: new Random(seed),
    ownAddresses: ownAddresses().filter((own) => familyOf(own) === family),
  });
  return { ...open, engine, addresses, timeline: new HostTimeline() };
}

function engineWithoutFlows(
  traits: Omit<EngineOptions, 'flows' | 'destinationPort' | 'tos'>,
): ProbeEngine {
  return new ProbeEngine({ ...traits, flows: [], destinationPort: 0, tos: 0 }, DEAF_SINK);
}
