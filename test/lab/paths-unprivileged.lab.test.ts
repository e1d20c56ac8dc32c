/**
 * `fantrace paths` as nobody, who may not open raw sockets: the same graph by other means.
 */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { PathsRecord } from '../../src/model/paths-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { flawsOf } from '../e2e/published-schemas.ts';
import { CLI } from './isolate-run.ts';
import { labsOfFamilies } from './labs-of-families.ts';
import { recordedLinks, trueLinks } from './paths-truth.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const ALL_GROUPS = 'net.ipv4.ping_group_range=0 2147483647';
const NO_GROUP = 'net.ipv4.ping_group_range=1 0';
const FAMILIES: readonly IpFamily[] = [4, 6];
const SURE = ['--confidence', '0.999', '--rate', '20000', '--no-dns', '--json'];

const labOf = labsOfFamilies({ fabric: { widths: [1, 1, 4, 1] } });

async function run(
  family: IpFamily,
  { flags, groups = ALL_GROUPS }: { readonly flags: readonly string[]; readonly groups?: string },
) {
  const lab = labOf(family);
  await lab.exec(SOURCE, ['sysctl', '-qw', groups]);
  const target = lab.plan.target.address[family];
  const argv = [...NOBODY, process.execPath, CLI, 'paths', ...SURE, ...flags, target];
  const { status, stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 60_000 });
  return { status, stderr, document: JSON.parse(stdout) };
}

describe.each(FAMILIES)('IPv%i as nobody', (family) => {
  it('by UDP: the graph of the routing tables, and it says what it stands on', async () => {
    const { status, stderr, document } = await run(family, { flags: [] });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const record = document as PathsRecord;
    expect(flawsOf('paths-1', record)).toEqual([]);
    expect(record).toMatchObject({ rung: 'udp-errors', stopReason: 'complete', reached: true });
    expect(record.measurement.notes.join()).toMatch(/^without CAP_NET_RAW: UDP sockets/);
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0, sendErrors: {} });
    const truth = await trueLinks(labOf(family), { destinationPort: 33_434 });
    expect(recordedLinks(record, labOf(family).plan)).toEqual(truth);
    expect(new Set(record.flows.map(({ sourcePort }) => sourcePort)).size).toBe(
      record.flows.length,
    );
  });

  it.each([
    { flags: ['--flow-field', 'destination-port'], rung: 'udp-errors' },
    { flags: ['--protocol', 'icmp'], rung: 'ping-socket' },
  ])('with $flags: every path, by $rung', async ({ flags, rung }) => {
    const { status, document } = await run(family, { flags });
    expect(status).toBe(0);
    expect(document).toMatchObject({ rung, stopReason: 'complete' });
    const hops = (document as PathsRecord).hops.map(({ places }) => places.length);
    // Linux hashes what it finds where ports would be: of ICMP it takes addresses alone.
    expect(Math.max(...hops)).toBe(rung === 'ping-socket' ? 1 : 4);
  });
});

it('what cannot be had without a right names the command that grants it', async () => {
  const tcp = await run(4, { flags: ['--protocol', 'tcp'] });
  expect(tcp).toMatchObject({ status: 1, document: { code: 'RAW_SOCKET_DENIED' } });
  expect(tcp.document.message).toContain('--protocol udp');
  expect(tcp.stderr).toMatch(/sudo .* paths .*--protocol tcp/);
  const label = await run(6, { flags: ['--flow-field', 'flow-label'] });
  expect(label).toMatchObject({ status: 1, document: { code: 'RAW_SOCKET_DENIED' } });
  const icmp = await run(4, { flags: ['--protocol', 'icmp'], groups: NO_GROUP });
  expect(icmp).toMatchObject({ status: 1, document: { code: 'PING_SOCKET_DENIED' } });
  expect(icmp.stderr).toContain('sysctl -w net.ipv4.ping_group_range');
});
