import { expect, test } from 'vitest';
import { scenarioOf } from '../../test/support/simulated-isolation.ts';
import { parseIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import { ProbeEngine } from '../probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../probing/probe-token.ts';
import { planNetwork } from '../sim/network-plan.ts';
import { SimulatedLink } from '../sim/simulated-link.ts';
import { VirtualTimeline } from './timeline.ts';
import { TraceStation } from './trace-station.ts';

const TRACES = 3000;
const SECOND = 1_000_000;

test(`${TRACES} traces at once over one engine: each reaches its own target`, async () => {
  const scenario = scenarioOf({ fabric: { widths: [1, 4, 4, 1] }, linkDelayMs: 5 });
  const plan = planNetwork(scenario, { family: 4 });
  const link = new SimulatedLink(plan, { isTarget: (address) => address[0] === 203 });
  const source = parseIpAddress(plan.source[4]) ?? new Uint8Array();
  const random = new Random(3);
  const addresses = new AddressBook();
  const engine = new ProbeEngine(
    {
      source,
      destination: source,
      destinationPort: 0,
      tos: 0,
      flows: [],
      tokenKey: Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32()),
      rates: { perInterface: 100_000, total: 100_000 },
      random,
      addresses,
    },
    { replied() {}, repliedLate() {}, lost() {}, unsent() {} },
  );
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
  const protocols = ['tcp', 'udp', 'icmp'] as const;
  const traces = Array.from({ length: TRACES }, async (_, n) => {
    const destination = Uint8Array.of(203, 0, n >> 8, n & 0xff);
    const { trace } = await station.run({
      flow: {
        source,
        destination,
        sourcePort: 33_000,
        destinationPort: 443,
        flowLabel: 0,
        tos: 0,
        protocol: protocols[n % protocols.length] ?? 'tcp',
      },
      settings: {
        firstTtl: 1,
        maxTtl: 20,
        queries: 1,
        retries: 1,
        timeoutUs: SECOND,
        parallelTtls: 255,
        gapLimit: 0,
        maxTimeUs: 3600 * SECOND,
      },
    });
    const last = trace.hops.at(-1)?.firstReply?.responder ?? -1;
    return { stopReason: trace.stopReason, hops: trace.hops.length, end: addresses.textOf(last) };
  });
  const results = await Promise.all(traces);
  const expected = results.map((_, n) => {
    return { stopReason: 'reached', hops: 5, end: `203.0.${n >> 8}.${n & 0xff}` };
  });
  expect(results).toEqual(expected);
  expect(engine.counters).toMatchObject({ foreignReplies: 0, malformed: 0, secondaryMatches: 0 });
});
