import { expect, test } from 'vitest';
import { scenarioOf } from '../../../test/support/simulated-isolation.ts';
import { addWords, checksumOf } from '../../lib/checksum.ts';
import { parseIpAddress } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import type { PacketLink } from '../../model/packet-link.ts';
import { TOKEN_KEY_WORDS } from '../../probing/probe-token.ts';
import { nodeOfAddress, planNetwork } from '../../sim/network-plan.ts';
import { SimulatedLink } from '../../sim/simulated-link.ts';
import { simulatedStationParts } from '../links/station-parts.ts';
import { PathsStation } from './paths-station.ts';

const PLAN = planNetwork(scenarioOf({ fabric: { widths: [1, 2, 1] } }), { family: 4 });
const IPV4 = { headerBytes: 20, checksumAt: 10, sourceAt: 12 };
const ICMP_UNREACHABLE = 3;

function bytesOf(text: string): Uint8Array {
  return parseIpAddress(text) ?? new Uint8Array(4);
}

/** The link of a network whose routers can be asked themselves: one answers for another address. */
function openLink(routers: readonly string[], answersFor: ReadonlyMap<string, string>): PacketLink {
  const isTarget = (address: Uint8Array): boolean => routers.includes(address.join('.'));
  const link = new SimulatedLink(PLAN, { isTarget });
  const translate = (packet: Uint8Array): void => {
    const { headerBytes, sourceAt, checksumAt } = IPV4;
    const source = answersFor.get(packet.subarray(sourceAt, sourceAt + 4).join('.'));
    if (source === undefined || packet[headerBytes] !== ICMP_UNREACHABLE) return;
    packet.set(bytesOf(source), sourceAt);
    packet.fill(0, checksumAt, checksumAt + 2);
    const sum = checksumOf(addWords(0, packet, 0, headerBytes));
    packet.set([sum >> 8, sum & 0xff], checksumAt);
  };
  return {
    outbox: link.outbox,
    send: (count, nowUs) => link.send(count, nowUs),
    receive: (nowUs, take) =>
      link.receive(nowUs, (packet, atUs) => {
        translate(packet);
        take(packet, atUs);
      }),
    nextArrivalUs: () => link.nextArrivalUs(),
    counters: () => link.counters(),
    close: () => link.close(),
  };
}

const UNLIMITED = { endsAtUs: Number.POSITIVE_INFINITY, probesMax: Number.POSITIVE_INFINITY };

async function aliasesWith(
  interfaces: readonly string[],
  answersFor: Record<string, string>,
  limits = UNLIMITED,
) {
  const link = openLink(interfaces, new Map(Object.entries(answersFor)));
  const random = new Random(3);
  const source = PLAN.source[4];
  const ends = { source: bytesOf(source), destination: bytesOf(PLAN.target.address[4]) };
  const tokenKey = Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32());
  const rates = { perInterface: 1000, total: 10_000 };
  const parts = simulatedStationParts(link, { ...ends, tokenKey, rates, random });
  const station = new PathsStation(parts);
  // At a TTL that nobody answers at: all that can tell is who answers when asked itself.
  const places = interfaces.map((text) => {
    const members = [parts.addresses.indexOf(bytesOf(text))];
    const shape = { kind: 'interface', ttl: 9, end: null, vertices: [] } as const;
    return { ...shape, id: text, members, flows: [0] };
  });
  const ports = { sourcePort: 33_000, destinationPort: 33_434, flowLabel: 0, tos: 0 };
  const flows = [{ ...ends, ...ports, protocol: 'udp' as const }];
  const aliases = await station.aliases(
    { places, flows, asksDirectly: true, ...limits },
    undefined,
  );
  parts.close();
  return aliases;
}

const INTERFACES = [...nodeOfAddress(PLAN)].flatMap(([address, node]) =>
  node.startsWith('r') && address.includes('.') ? [address] : [],
);
const [FIRST = '', SECOND = '', THIRD = ''] = INTERFACES;

test('an interface that another answers for is the same router, and no third is', async () => {
  const { routers } = await aliasesWith([FIRST, SECOND, THIRD], { [FIRST]: SECOND });
  expect(routers).toHaveLength(1);
  expect(new Set(routers[0]?.addresses)).toEqual(new Set([FIRST, SECOND]));
  expect(routers[0]?.evidence).toEqual([
    { between: [FIRST, SECOND], kind: 'reply-source', probability: 0.99 },
  ]);
});

test('interfaces that answer for themselves tell nothing', async () => {
  const { routers, untestable } = await aliasesWith([FIRST, SECOND, THIRD], {});
  expect(routers).toEqual([]);
  expect(untestable.map(({ address }) => address).sort()).toEqual([FIRST, SECOND, THIRD].sort());
});

test.each([
  { limits: { ...UNLIMITED, probesMax: 4 }, stopReason: 'max-probes', probesMost: 12 },
  { limits: { ...UNLIMITED, endsAtUs: 0 }, stopReason: 'max-time', probesMost: 3 },
])('$stopReason ends it, and it says so', async ({ limits, stopReason, probesMost }) => {
  const aliases = await aliasesWith([FIRST, SECOND, THIRD], {}, limits);
  expect(aliases.stopReason).toBe(stopReason);
  expect(aliases.probesSent).toBeLessThanOrEqual(probesMost);
});
