/** `fantrace sweep` on kernel routers: every hop of every flow is where the kernel has it. */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { SweepRecord, SweepReplyRecord } from '../../src/model/sweep-record.ts';
import { nodeOfAddress } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CLI, watchProbes } from './isolate-run.ts';
import { interfaceTo, macOf } from './lab-nodes.ts';
import { labsOfFamilies } from './labs-of-families.ts';
import type { NamespaceLab } from './namespace-lab.ts';

const FABRIC = { fabric: { widths: [1, 4, 1] } };
const HOPS = 4;
const FLOWS = 16;
const FIRST_PORT = 33_000;
const KINDS = ([4, 6] as const).flatMap((family) =>
  (['udp', 'icmp', 'tcp'] as const).map((protocol) => ({ family, protocol })),
);

const labOf = labsOfFamilies(FABRIC);

describe.each(KINDS)('a sweep of IPv$family by $protocol', ({ family, protocol }) => {
  it('hears from each router of each flow', async () => {
    const lab = labOf(family);
    const { replies } = await swept(lab, { family, protocol });
    const nodes = nodeOfAddress(lab.plan);
    const seen = new Map(replies.map(({ flow, ttl, from }) => [`${flow} ${ttl}`, nodes.get(from)]));
    const wanted = protocol === 'icmp' ? undefined : await trueNodes(lab, family, protocol);
    for (let flow = 0; flow < FLOWS; flow++) {
      const path = Array.from({ length: HOPS }, (_, i) => seen.get(`${flow} ${i + 1}`));
      expect(path).toEqual(
        wanted?.get(flow) ?? ['r1.0', expect.stringMatching(/^r2\./), 'r3.0', TARGET],
      );
    }
    for (const { rttMs } of replies) expect(rttMs).toBeLessThan(1000);
  });
});

describe.each([4, 6] as const)('packet sockets, over IPv%d', (family) => {
  it('hand probes to the gateway, and a ring reads replies, as the kernel’s ways would', async () => {
    const lab = labOf(family);
    const hops = async (flags: readonly string[]): Promise<string[]> => {
      const { replies } = await swept(lab, { family, protocol: 'udp' }, flags);
      return replies.map(({ flow, ttl, from }) => `${flow} ${ttl} ${from}`).sort();
    };
    const routed = await hops([]);
    expect(routed).toHaveLength(FLOWS * HOPS);
    await lab.exec(SOURCE, ['ip', 'neighbour', 'flush', 'all']);
    expect(await hops(['--send', 'packet'])).toEqual(routed);
    expect(await hops(['--receive', 'ring'])).toEqual(routed);
  });

  it('follow a gateway that changes its address on the link', async () => {
    const lab = labOf(family);
    const device = interfaceTo(SOURCE);
    const announced = 'ipv4/conf/all/arp_notify ipv6/conf/all/ndisc_notify';
    await onNode(lab, 'r1.0', `cd /proc/sys/net; for i in ${announced}; do echo 1 > $i; done`);
    const gateway = lab.plan.links[0]?.farAddress[family];
    // The lab's own entry never changes.
    const entry = `${gateway} lladdr ${macOf(0, 'far')} dev ${interfaceTo('r1.0')}`;
    await onNode(lab, SOURCE, `ip neigh replace ${entry} nud reachable`);
    const packets = await watchProbes(lab, { count: 500 });
    const sweeping = swept(lab, { family, protocol: 'udp' }, [
      ...['--send', 'packet', '--flows', '1000', '--rate', '1000'],
    ]);
    await packets.seen;
    await onNode(lab, 'r1.0', `ip link set ${device} address 02:fa:ff:ff:00:01`);
    const { replies, record } = await sweeping;
    expect(record.measurement.notes).toEqual([expect.stringContaining('changed its address')]);
    const times = replies.map(({ atMs }) => atMs).sort((a, b) => a - b);
    const pauses = times.map((atMs, i) => atMs - (times[i - 1] ?? atMs));
    expect(Math.max(...pauses)).toBeLessThan(1000);
    expect(record.probesSent - replies.length).toBeLessThan(1000);
    expect(times.at(-1)).toBeGreaterThan(3000);
  });

  it('hand probes to the gateway of each target', async () => {
    const lab = labOf(family);
    const device = interfaceTo('r1.0');
    const first = lab.plan.links[0]?.farAddress[family];
    const prefix = { 4: '10.203.0.0/24', 6: 'fd00:203::/120' }[family];
    const half = { 4: '10.203.0.128/25', 6: 'fd00:203::80/121' }[family];
    // Nobody is there: what counts is whom frames are for.
    const second = { 4: '10.204.0.2', 6: 'fd00:204::2' }[family];
    const mac = '02:fa:ff:ff:01:01';
    await onNode(
      lab,
      SOURCE,
      `ip route add ${prefix} via ${first} dev ${device}
       ip route add ${half} via ${second} dev ${device} onlink
       ip neigh replace ${second} lladdr ${mac} dev ${device} nud permanent`,
    );
    const to = { 4: 'ip daddr', 6: 'ip6 daddr' }[family];
    const rules = [
      `ether daddr ${mac} ${to} ${half} counter`,
      `ether daddr != ${mac} ${to} ${prefix} ${to} != ${half} counter`,
    ];
    const hook = `type filter hook ingress device "${interfaceTo(SOURCE)}" priority 0`;
    const table = `table netdev seen { chain in { ${hook}; ${rules.join('; ')}; }; }`;
    await onNode(lab, 'r1.0', `nft '${table}'`);
    const what = ['sweep', '--json', '--send', 'packet', '--strategy', 'every-ttl'];
    const pace = ['--max-ttl', '1', '--per-prefix', '1000', '--per-interface', '1000'];
    const argv = [process.execPath, CLI, ...what, ...pace, prefix];
    const { stdout, stderr } = await lab.exec(SOURCE, argv);
    expect(stderr).toBe('');
    expect((JSON.parse(stdout) as SweepRecord).probesSent).toBe(256);
    const { stdout: seen } = await lab.exec('r1.0', ['nft', 'list', 'table', 'netdev', 'seen']);
    expect(seen.match(/(?<=packets )\d+/g)).toEqual(['128', '128']);
    await onNode(lab, 'r1.0', 'nft delete table netdev seen');
  });

  it('refuse targets that the kernel divides among gateways one by one', async () => {
    const lab = labOf(family);
    const prefix = { 4: '10.220.0.0/16', 6: 'fd00:220::/112' }[family];
    const via = { 4: ['10.201.0.1', '10.201.0.2'], 6: ['fd00:201::1', 'fd00:201::2'] }[family];
    const device = interfaceTo('r1.0');
    const hops = via.map((each) => `nexthop via ${each} dev ${device} onlink`).join(' ');
    await onNode(lab, SOURCE, `ip route add ${prefix} ${hops}`);
    const argv = [process.execPath, CLI, 'sweep', '--send', 'packet', prefix];
    const { status, stderr } = await lab.exec(SOURCE, argv);
    expect(status).toBe(1);
    expect(stderr).toMatch(/divides targets among several, one by one .*: use raw sockets/);
  });

  it('refuse targets that are behind no gateway', async () => {
    const lab = labOf(family);
    const own = lab.plan.source[family];
    const argv = [process.execPath, CLI, 'sweep', '--send', 'packet', own];
    const { status, stderr } = await lab.exec(SOURCE, argv);
    expect(status).toBe(1);
    expect(stderr).toContain(`${own} is behind no gateway`);
  });
});

describe.each([
  { family: 4, receive: 'raw' },
  { family: 6, receive: 'ring' },
] as const)('several senders over IPv$family, which hear by $receive', ({ family, receive }) => {
  it('each hear all replies to their own probes, and no others', async () => {
    const lab = labOf(family);
    const prefix = { 4: '10.202.0.0/27', 6: 'fd00:202::/123' }[family];
    const gateway = lab.plan.links[0]?.farAddress[family];
    await onNode(lab, SOURCE, `ip route add ${prefix} via ${gateway} dev ${interfaceTo('r1.0')}`);
    await onNode(lab, 'r1.0', `ip route add ${prefix} dev ${interfaceTo('r2.0')}`);
    const what = [
      '--receive',
      receive,
      '--seed',
      '1',
      '--senders',
      '2',
      '--strategy',
      'every-ttl',
      '--max-ttl',
      '1',
    ];
    const pace = ['--per-interface', '1000', '--timeout', '300ms'];
    const argv = [process.execPath, CLI, 'sweep', '--jsonl', ...what, ...pace, prefix];
    const lines = await linesOf(lab, argv);
    const { measurement, targets } = lines.at(-1) as SweepRecord;
    expect(measurement).toMatchObject({ foreignReplies: 0, sendErrors: 0, malformed: 0 });
    expect(targets).toMatchObject({ inShard: 32, probed: 32 });
    const asked = lines.slice(0, -1).map(({ target, ttl }) => `${target} ${ttl}`);
    expect(asked).toHaveLength(32);
    expect(new Set(asked).size).toBe(32);
  });
});

/** Sweeps the one target of the lab, and finds that nothing went wrong on our side. */
async function swept(
  lab: NamespaceLab,
  { family, protocol }: { family: IpFamily; protocol: 'udp' | 'tcp' | 'icmp' },
  more: readonly string[] = [],
): Promise<{ readonly replies: readonly SweepReplyRecord[]; readonly record: SweepRecord }> {
  const target = lab.plan.target.address[family];
  const shape = ['--flows', `${FLOWS}`, '--source-port', `${FIRST_PORT}`, '--max-ttl', `${HOPS}`];
  const pace = ['--per-prefix', '1000', '--per-interface', '1000', '--timeout', '300ms'];
  const flags = ['--jsonl', '--seed', '1', '--protocol', protocol];
  const port = protocol === 'icmp' ? [] : ['-p', '33434'];
  const argv = [
    process.execPath,
    CLI,
    'sweep',
    ...flags,
    ...port,
    ...shape,
    ...pace,
    ...more,
    target,
  ];
  const lines = await linesOf(lab, argv);
  const record = lines.at(-1) as SweepRecord;
  expect(record.measurement).toMatchObject({ socketDrops: 0, sendErrors: 0, malformed: 0 });
  expect(record.targets).toMatchObject({ count: 1, reached: 1 });
  return { record, replies: lines.filter(({ type }) => type === 'reply') };
}

/** What a sweep tells with `--jsonl`: replies, and its record in the end. */
async function linesOf(lab: NamespaceLab, argv: readonly string[]) {
  const { status, stdout, stderr } = await lab.exec(SOURCE, argv);
  expect(status, stderr).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function onNode(lab: NamespaceLab, node: string, script: string): Promise<void> {
  const { status, stderr } = await lab.exec(node, ['sh', '-ec', script]);
  expect(status, stderr).toBe(0);
}

/** The kernel's own answer, by flow. */
async function trueNodes(
  lab: NamespaceLab,
  family: IpFamily,
  protocol: 'udp' | 'tcp',
): Promise<Map<number, readonly string[]>> {
  const sourcePorts = Array.from({ length: FLOWS }, (_, flow) => FIRST_PORT + flow);
  const flows = { protocol, sourcePorts, destinationPort: 33_434 };
  const routes = await lab.truth(family, flows);
  return new Map(sourcePorts.map((port, flow) => [flow, [...(routes.get(port) ?? []), TARGET]]));
}
