/**
 * `fantrace trace` where networks are odd: loops, translators, old routers, limits.
 * IPv4, three routers in a row.
 */

import { afterEach, expect, it } from 'vitest';
import type { TraceRecord, TraceReply } from '../../src/model/trace-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { build } from '../../tools/build.mjs';
import { CLI } from './isolate-run.ts';
import { addRules, configure } from './lab-nuisances.ts';
import { type OldRouter, oldRouter } from './lab-old-router.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';

let lab: NamespaceLab | undefined;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function openChain(): Promise<NamespaceLab> {
  build({ ifNeeded: true });
  ({ lab } = await labFor({ fabric: { widths: [1, 1, 1] } }, { family: 4 }));
  return lab;
}

async function traceIn(chain: NamespaceLab, ...flags: string[]): Promise<TraceRecord> {
  const argv = [process.execPath, CLI, 'trace', '--json', '-n', '-m', '8', ...flags];
  const target = chain.plan.target.address[4];
  const { stdout, stderr } = await chain.exec(SOURCE, [...argv, target], { timeoutMs: 30_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as TraceRecord;
}

function repliesAt({ hops }: TraceRecord, ttl: number): TraceReply[] {
  const replies = hops.find((hop) => hop.ttl === ttl)?.replies ?? [];
  return replies.flatMap((reply) => ('star' in reply ? [] : [reply]));
}

it('a loop ends the trace, and is named so', async () => {
  const chain = await openChain();
  const link = chain.plan.links.find(({ far }) => far === 'r2.0');
  const target = chain.plan.target.address[4];
  await configure(chain, 'r2.0', [
    `ip route replace ${target}/32 via ${link?.nearAddress[4]} dev to-r1.0 onlink`,
  ]);
  const record = await traceIn(chain, '-m', '20');
  expect(record).toMatchObject({ reached: false, stopReason: 'loop' });
  const responders = record.hops.map(({ ttl }) => repliesAt(record, ttl)[0]?.address);
  expect(new Set(responders).size).toBeLessThan(responders.length);
});

it.each(['udp', 'tcp', 'icmp'])(
  'by %s through a translator with random ports',
  async (protocol) => {
    const chain = await openChain();
    const { source, target } = chain.plan;
    await addRules(chain, 'r1.0', {
      name: 'translator',
      hook: 'type nat hook postrouting priority srcnat',
      rules: ['tcp', 'udp', 'icmp'].map(
        (each) =>
          `ip daddr ${target.address[4]} ip protocol ${each} snat ip to ${source[4]}${
            each === 'icmp' ? '' : ':1024-65535'
          } fully-random`,
      ),
    });
    const record = await traceIn(chain, '--protocol', protocol);
    expect(record.reached).toBe(true);
    for (const ttl of [1, 2, 3, 4]) expect(repliesAt(record, ttl).length).toBeGreaterThan(0);
  },
);

it('through a translator that leaves its own addresses and ports in quotes', async () => {
  const chain = await openChain();
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
  const record = await traceIn(chain);
  expect(record).toMatchObject({ reached: true, measurement: { foreignReplies: 0 } });
  const translatedAt = [1, 2, 3, 4].map((ttl) => repliesAt(record, ttl).map(({ nat }) => nat));
  expect(translatedAt).toEqual([false, true, true, true].map((nat) => [nat, nat, nat]));
});

const OLD_ROUTERS: readonly { shows: string; router: OldRouter; expected: object }[] = [
  { shows: '8 bytes', router: { quote: 'header-and-eight-bytes' }, expected: { mpls: [] } },
  {
    shows: 'MPLS labels',
    router: { quote: 'header-and-eight-bytes', mplsLabels: [16_001] },
    expected: { mpls: [expect.objectContaining({ label: 16_001 })] },
  },
];

it.each(OLD_ROUTERS)('a router that quotes $shows', async ({ router, expected }) => {
  const chain = await openChain();
  await oldRouter(chain, 'r2.0', router);
  const record = await traceIn(chain, '--tcp'); // the old router knows TCP only
  expect(record.reached).toBe(true);
  const [reply] = repliesAt(record, 2);
  expect(reply).toMatchObject({ kind: 'time-exceeded', secondary: false, ...expected });
});

it('a router that limits its errors is still seen, and does not end the trace', async () => {
  const chain = await openChain();
  await addRules(chain, 'r2.0', {
    name: 'limiter',
    hook: 'type filter hook output priority filter',
    rules: ['icmp type time-exceeded limit rate over 1/second burst 1 packets drop'],
  });
  const record = await traceIn(chain, '-q', '5');
  expect(record.reached).toBe(true);
  const answered = [1, 2, 3].map((ttl) => repliesAt(record, ttl).length);
  expect(answered).toEqual([5, expect.toSatisfy((count) => count >= 1 && count <= 2), 5]);
});
