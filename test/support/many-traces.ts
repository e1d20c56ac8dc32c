/** A station on a simulated fabric where every address of 203.0.0.0/8 is a target of its own. */

import { parseIpAddress } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import { AddressBook } from '../../src/model/address-book.ts';
import type { PacketLink } from '../../src/model/packet-link.ts';
import type { PacerRates } from '../../src/probing/pacer.ts';
import type { FlowRequest, ProbeEngine } from '../../src/probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../src/probing/probe-token.ts';
import { stationEngine } from '../../src/runtime/links/station-engine.ts';
import { VirtualTimeline } from '../../src/runtime/timeline.ts';
import { TraceStation } from '../../src/runtime/trace/trace-station.ts';
import { planNetwork } from '../../src/sim/network-plan.ts';
import { SimulatedLink } from '../../src/sim/simulated-link.ts';
import { scenarioOf } from './simulated-isolation.ts';

export interface ManyTraces {
  readonly station: TraceStation;
  readonly engine: ProbeEngine;
  readonly addresses: AddressBook;
  /** The nth flow, to the nth target. */
  flowTo(n: number, protocol: 'tcp' | 'udp' | 'icmp'): FlowRequest;
  /** Whether that address is the nth target's. */
  isTarget(n: number, responder: number): boolean;
}

/** @param wrapped makes another link of the simulated one, as one that refuses packets */
export function openManyTraces(
  {
    widths,
    rates = { perInterface: 1e6, total: 1e6 },
    inFlightMax = 1e6,
  }: {
    readonly widths: readonly number[];
    readonly rates?: PacerRates;
    readonly inFlightMax?: number;
  },
  wrapped: (link: PacketLink) => PacketLink = (link) => link,
): ManyTraces {
  const plan = planNetwork(scenarioOf({ fabric: { widths }, linkDelayMs: 5 }), { family: 4 });
  const isTarget = (address: Uint8Array): boolean => address[0] === 203;
  const link = wrapped(new SimulatedLink(plan, { isTarget, inFlightMax }));
  const source = parseIpAddress(plan.source[4]) ?? new Uint8Array();
  const random = new Random(1);
  const addresses = new AddressBook();
  const tokenKey = Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32());
  const ends = { source, destination: source };
  const engine = stationEngine({ ...ends, tokenKey, rates, random, addresses });
  const station = new TraceStation({
    engine,
    link,
    timeline: new VirtualTimeline(),
    addresses,
    rung: 'simulated',
    notes: [],
    counters: () => link.counters(),
    close: () => link.close(),
  });
  return {
    station,
    engine,
    addresses,
    flowTo: (n, protocol) => {
      const ports = { sourcePort: 33_000, destinationPort: 443 };
      return { source, destination: targetAddress(n), ...ports, flowLabel: 0, tos: 0, protocol };
    },
    isTarget: (n, responder) => addresses.textOf(responder) === targetAddress(n).join('.'),
  };
}

function targetAddress(n: number): Uint8Array {
  return Uint8Array.of(203, n >> 16, (n >> 8) & 0xff, n & 0xff);
}
