/**
 * Traces where networks are odd: loops, translators, old routers, limits. Three routers in a row;
 * each case of a test is a trace of its own, all at once. Quotes as other makes of router have them,
 * and translated ones, are IPv4's here: the kernel has neither in IPv6. Simulated routers have them
 * in both families (`src/runtime/trace/trace.test.ts`).
 */

import { afterEach, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { TARGET } from '../../src/sim/topology.ts';
import { addRules, configure } from './lab-nuisances.ts';
import { oldRouter } from './lab-old-router.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';
import { answersAt, tracesAtOnce } from './traces-at-once.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const PROTOCOLS = ['udp', 'udp-classic', 'tcp', 'icmp'] as const;
const EACH_PROTOCOL = PROTOCOLS.map((protocol) => ({ protocol }));
const TTLS = [1, 2, 3, 4] as const;

let lab: NamespaceLab | undefined;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function openChain(family: IpFamily): Promise<NamespaceLab> {
  ({ lab } = await labFor({ fabric: { widths: [1, 1, 1] } }, { family }));
  return lab;
}

it.each(FAMILIES)(
  'IPv%i: through a translator with random ports, by every protocol',
  async (family) => {
    const chain = await openChain(family);
    const { source, target } = chain.plan;
    const ip = family === 4 ? 'ip' : 'ip6';
    const ports = {
      tcp: ':1024-65535',
      udp: ':1024-65535',
      [family === 4 ? 'icmp' : 'icmpv6']: '',
    };
    const to = family === 4 ? source[4] : `[${source[6]}]`;
    await addRules(chain, 'r1.0', {
      name: 'translator',
      hook: 'type nat hook postrouting priority srcnat',
      rules: Object.entries(ports).map(
        ([protocol, range]) =>
          `${ip} daddr ${target.address[family]} meta l4proto ${protocol} ` +
          `snat ${ip} to ${range === '' ? source[family] : to}${range} fully-random`,
      ),
    });
    for (const record of await tracesAtOnce(chain, EACH_PROTOCOL)) {
      expect(record).toMatchObject({ reached: true, stopReason: 'reached' });
      const { protocol } = record;
      const seen = TTLS.filter((ttl) => answersAt(record, ttl).length > 0);
      expect({ protocol, seen }).toEqual({ protocol, seen: TTLS });
    }
  },
);

it('through a translator that leaves its own addresses and ports in quotes', async () => {
  const chain = await openChain(4);
  const { source, target, links } = chain.plan;
  const translated = '192.0.2.9';
  for (const { far, nearAddress } of links.filter(({ far }) => far !== 'r1.0')) {
    await configure(chain, far, [`ip route add ${translated}/32 via ${nearAddress[4]}`]);
  }
  const probes = `ip saddr ${source[4]} ip daddr ${target.address[4]} meta l4proto udp`;
  await addRules(chain, 'r1.0', {
    name: 'mangler',
    hook: 'type filter hook forward priority filter',
    rules: [`${probes} ip saddr set ${translated} udp sport set 4000`],
  });
  await addRules(chain, 'r1.0', {
    name: 'restorer',
    hook: 'type filter hook prerouting priority raw',
    rules: [`ip daddr ${translated} ip daddr set ${source[4]}`],
  });
  const [record] = await tracesAtOnce(chain, [{ protocol: 'udp' }]);
  expect(record).toMatchObject({ reached: true, measurement: { foreignReplies: 0 } });
  const translatedAt = TTLS.map((ttl) =>
    record === undefined ? [] : answersAt(record, ttl).map(({ nat }) => nat),
  );
  expect(translatedAt).toEqual([false, true, true, true].map((nat) => [nat, nat, nat]));
});

it('routers that quote 8 bytes, or show MPLS labels, by every protocol', async () => {
  const chain = await openChain(4);
  await oldRouter(chain, 'r1.0', { quote: 'header-and-eight-bytes' });
  await oldRouter(chain, 'r2.0', { quote: 'header-and-eight-bytes', mplsLabels: [16_001] });
  // These routers are programs: where the machine is busy they answer late, after 20 ms and more.
  // Retries have each probe wait for a second in all.
  const patient = EACH_PROTOCOL.map((each) => ({ ...each, retries: 50 }));
  for (const record of await tracesAtOnce(chain, patient)) {
    const { protocol, reached } = record;
    const labels = TTLS.map((ttl) =>
      answersAt(record, ttl).map(({ mpls, matchedBy }) => ({
        labels: mpls.map(({ label }) => label),
        matchedBy,
      })),
    );
    const plain = { labels: [], matchedBy: 'token' };
    const labelled = { labels: [16_001], matchedBy: 'token' };
    expect({ protocol, reached, labels }).toEqual({
      protocol,
      reached: true,
      labels: [plain, labelled, plain, plain].map((each) => [each, each, each]),
    });
  }
});

it.each(FAMILIES)(
  'IPv%i: a router that limits its errors is still seen, by every protocol',
  async (family) => {
    const chain = await openChain(family);
    const cases = PROTOCOLS.map((protocol, n) => ({ protocol, queries: 5, packetBytes: 100 + n }));
    // Errors that quote a whole probe are told apart by their length.
    const errorOf = (probeBytes: number): string =>
      family === 4
        ? `icmp type time-exceeded ip length ${20 + 8 + probeBytes}`
        : `icmpv6 type time-exceeded ip6 length ${8 + probeBytes}`;
    await addRules(chain, 'r2.0', {
      name: 'limiter',
      hook: 'type filter hook output priority filter',
      rules: cases.map(
        ({ packetBytes }) =>
          `${errorOf(packetBytes)} limit rate over 1/second burst 1 packets drop`,
      ),
    });
    for (const record of await tracesAtOnce(chain, cases)) {
      const { protocol, reached } = record;
      const answered = [1, 2, 3].map((ttl) => answersAt(record, ttl).length);
      expect({ protocol, reached, answered }).toEqual({
        protocol,
        reached: true,
        answered: [5, expect.toSatisfy((count) => count >= 1 && count <= 2), 5],
      });
    }
  },
);

it.each(FAMILIES)(
  'IPv%i: a target that limits its errors as Linux does is as near as it is',
  async (family) => {
    const chain = await openChain(family);
    const own = family === 4 ? 'ipv4/icmp_rate' : 'ipv6/icmp/rate';
    const limited = family === 4 ? '6168' : '0-1,3-127';
    await configure(chain, TARGET, [`echo 1000 > ${own}limit`, `echo '${limited}' > ${own}mask`]);
    // Of the 17 probes that come to it at once it answers the nearest six, and from then on one a
    // second. Only a pause of a whole second amid these few milliseconds would leave a gap in what
    // it answers, and so a star: were there one in each thousand seconds, one run in 100,000 had it.
    const [stock] = await tracesAtOnce(chain, [{ queries: 3, maxTtl: 20 }]);
    expect(stock?.reached).toBe(true);
    expect(stock?.hops).toHaveLength(4);
    const answers = stock?.hops[3]?.replies ?? [];
    expect(answers).toMatchObject([{ isTarget: true }, { isTarget: true }, { isTarget: true }]);
    expect(answers[0]).not.toHaveProperty('probeTtl');
    await configure(chain, TARGET, [`echo 0 > ${own}limit`]);

    // As if its budget had been used up when the nearest probes came.
    await addRules(chain, TARGET, {
      name: 'limiter',
      hook: 'type filter hook input priority filter',
      rules: [`meta l4proto udp ${family === 4 ? 'ip ttl' : 'ip6 hoplimit'} < 3 drop`],
    });
    const [spent] = await tracesAtOnce(chain, [{ queries: 1 }]);
    expect(spent).toMatchObject({ reached: true, stopReason: 'reached' });
    expect(spent?.hops).toHaveLength(4);
    expect(spent?.hops[3]?.replies).toMatchObject([{ isTarget: true, probeTtl: 6, quotedTtl: 3 }]);
  },
);
