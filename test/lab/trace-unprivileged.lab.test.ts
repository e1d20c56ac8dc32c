/**
 * `fantrace trace` as nobody, who may not open raw sockets: the same routers by other means.
 */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { TraceRecord } from '../../src/model/trace-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
import { labsOfFamilies } from './labs-of-families.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const ALL_GROUPS = 'net.ipv4.ping_group_range=0 2147483647';
const NO_GROUP = 'net.ipv4.ping_group_range=1 0';
const FAMILIES: readonly IpFamily[] = [4, 6];

const labOf = labsOfFamilies({ fabric: { widths: [1, 1, 1] } });

async function run(
  family: IpFamily,
  { as = [], groups, flags }: { as?: readonly string[]; groups: string; flags: readonly string[] },
) {
  const lab = labOf(family);
  await lab.exec(SOURCE, ['sysctl', '-qw', groups]);
  const target = lab.plan.target.address[family];
  const argv = [...as, process.execPath, CLI, 'trace', '--json', '-n', '-m', '8', ...flags, target];
  return lab.exec(SOURCE, argv, { timeoutMs: 30_000 });
}

function pathOf({ hops }: TraceRecord): string[] {
  return hops.map(({ replies }) =>
    replies.map((reply) => ('star' in reply ? '*' : reply.address)).join(' '),
  );
}

const ROWS = FAMILIES.flatMap((family) => [
  { family, protocol: 'udp', rung: 'udp-errors' },
  { family, protocol: 'udp-classic', rung: 'udp-errors' },
  { family, protocol: 'icmp', rung: 'ping-socket' },
]);

describe.each(ROWS)('IPv$family by $protocol', ({ family, protocol, rung }) => {
  it('sees what raw sockets see, and says what it stands on', async () => {
    const flags = ['--protocol', protocol];
    const privileged = await run(family, { groups: ALL_GROUPS, flags });
    const unprivileged = await run(family, { as: NOBODY, groups: ALL_GROUPS, flags });
    expect(unprivileged).toMatchObject({ status: 0, stderr: '' });
    const record = JSON.parse(unprivileged.stdout) as TraceRecord;
    expect(record).toMatchObject({ rung, reached: true, protocol });
    expect(record.measurement.notes.join()).toMatch(/^without CAP_NET_RAW/);
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0, sendErrors: {} });
    expect(pathOf(record)).toEqual(pathOf(JSON.parse(privileged.stdout) as TraceRecord));
    const [first] = record.hops[0]?.replies ?? [];
    expect(first).toMatchObject({ kind: 'time-exceeded', replyTtl: 64, quotedTtl: null });
  });
});

it('echoes that no group may send are refused with what to do', async () => {
  const flags = ['--icmp'];
  const { status, stdout } = await run(4, { as: NOBODY, groups: NO_GROUP, flags });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ code: 'PING_SOCKET_DENIED' });
});

it('TCP needs raw sockets', async () => {
  const { status, stdout } = await run(4, { as: NOBODY, groups: ALL_GROUPS, flags: ['--tcp'] });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ code: 'RAW_SOCKET_DENIED' });
});
