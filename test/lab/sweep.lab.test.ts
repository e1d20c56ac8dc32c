/** `fantrace sweep` on kernel routers: every hop of every flow is where the kernel has it. */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { SweepReplyRecord } from '../../src/model/sweep-record.ts';
import { nodeOfAddress } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
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
    const replies = await swept(lab, { family, protocol });
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
      const replies = await swept(lab, { family, protocol: 'udp' }, flags);
      return replies.map(({ flow, ttl, from }) => `${flow} ${ttl} ${from}`).sort();
    };
    const routed = await hops([]);
    expect(routed).toHaveLength(FLOWS * HOPS);
    await lab.exec(SOURCE, ['ip', 'neighbour', 'flush', 'all']);
    expect(await hops(['--send', 'packet'])).toEqual(routed);
    expect(await hops(['--receive', 'ring'])).toEqual(routed);
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

/** Sweeps the one target of the lab, and finds that nothing went wrong on our side. */
async function swept(
  lab: NamespaceLab,
  { family, protocol }: { family: IpFamily; protocol: 'udp' | 'tcp' | 'icmp' },
  more: readonly string[] = [],
): Promise<SweepReplyRecord[]> {
  const target = lab.plan.target.address[family];
  const shape = ['--flows', `${FLOWS}`, '--source-port', `${FIRST_PORT}`, '--max-ttl', `${HOPS}`];
  const pace = ['--per-prefix', '1000', '--per-interface', '1000', '--timeout', '300ms'];
  const flags = ['--jsonl', '--seed', '1', '--protocol', protocol, '-p', '33434', ...more];
  const argv = [process.execPath, CLI, 'sweep', ...flags, ...shape, ...pace, target];
  const { status, stdout, stderr } = await lab.exec(SOURCE, argv);
  expect(status, stderr).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { measurement, targets } = lines.at(-1);
  expect(measurement).toMatchObject({ socketDrops: 0, sendErrors: 0, malformed: 0 });
  expect(targets).toMatchObject({ count: 1, reached: 1 });
  return lines.filter(({ type }) => type === 'reply');
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
