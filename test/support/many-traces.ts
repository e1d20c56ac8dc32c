/** A station on a simulated fabric where every address of 203.0.0.0/8 is a target of its own. */

import { parseIpAddress } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import type { AddressBook } from '../../src/model/address-book.ts';
import type { PacketLink } from '../../src/model/packet-link.ts';
import type { PacerRates } from '../../src/probing/pacer.ts';
import type { FlowRequest, ProbeEngine } from '../../src/probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../src/probing/probe-token.ts';
import { simulatedStationParts } from '../../src/runtime/links/station-parts.ts';
import { flowFields } from '../../src/runtime/paths/paths-network.ts';
import type { CompletePathsOptions } from '../../src/runtime/paths/paths-options.ts';
import type { SearchRequest } from '../../src/runtime/paths/paths-station.ts';
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
  /** What a `PathsStation` is asked for the paths to the nth target. */
  searchTo(n: number, options: CompletePathsOptions): SearchRequest;
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
  const tokenKey = Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32());
  const ends = { source, destination: source };
  const parts = simulatedStationParts(link, { ...ends, tokenKey, rates, random });
  const { engine, addresses } = parts;
  return {
    station: new TraceStation(parts),
    engine,
    addresses,
    flowTo: (n, protocol) => {
      const ports = { sourcePort: 33_000, destinationPort: 443 };
      return { source, destination: targetAddress(n), ...ports, flowLabel: 0, tos: 0, protocol };
    },
    searchTo: (n, options) => ({
      settings: options.settings,
      flowAt: (flow) => {
        const fields = { ...options, source, destination: targetAddress(n) };
        return flowFields(flow, options.sourcePort + flow, fields);
      },
      signal: undefined,
      replied: () => {},
      progress: () => {},
    }),
    isTarget: (n, responder) => addresses.textOf(responder) === targetAddress(n).join('.'),
  };
}

/** The link, which tells of the TTL of every packet that is sent. */
export function tellingTtls(
  link: PacketLink,
  sent: (ttl: number, nowUs: number) => void,
): PacketLink {
  const { bytes, slotBytes } = link.outbox;
  return {
    outbox: link.outbox,
    send: (count, nowUs) => {
      const report = link.send(count, nowUs);
      for (let slot = 0; slot < report.accepted; slot++) {
        sent(bytes[slot * slotBytes + IPV4_TTL_AT] ?? 0, nowUs);
      }
      return report;
    },
    receive: (nowUs, take) => link.receive(nowUs, take),
    nextArrivalUs: () => link.nextArrivalUs(),
    counters: () => link.counters(),
    close: () => link.close(),
  };
}

const IPV4_TTL_AT = 8;

function targetAddress(n: number): Uint8Array {
  return Uint8Array.of(203, n >> 16, (n >> 8) & 0xff, n & 0xff);
}
