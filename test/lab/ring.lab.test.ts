/**
 * `fantrace trace --timestamps ring` on kernel routers: what a receive ring sees is on the wire as
 * it came, with checksums that no device has finished, in fragments, and for others. All of it must
 * end as with raw sockets alone.
 */

import { expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { TraceRecord, TraceReply } from '../../src/model/trace-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
import { configure } from './lab-nuisances.ts';
import { labsOfFamilies } from './labs-of-families.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const PROTOCOLS = ['udp', 'tcp', 'icmp'] as const;
const KINDS = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
const labOf = labsOfFamilies({ fabric: { widths: [1, 1, 1] } });
const QUERIES = 5;

async function traced(family: IpFamily, flags: readonly string[]): Promise<TraceRecord> {
  const lab = labOf(family);
  const target = lab.plan.target.address[family];
  const given = ['--json', '-n', '-m', '8', '-q', `${QUERIES}`, ...flags, target];
  const argv = [process.execPath, CLI, 'trace', ...given];
  const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 30_000 });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as TraceRecord;
}

function repliesOf({ hops }: TraceRecord): TraceReply[] {
  return hops.flatMap(({ replies }) => replies.flatMap((each) => ('star' in each ? [] : [each])));
}

/** What does not depend on when, and on what the sockets tell of a reply. */
function contentOf(record: TraceRecord): unknown {
  return {
    reached: record.reached,
    hops: record.hops.map(({ ttl, replies }) => ({
      ttl,
      replies: replies.map((each) =>
        'star' in each
          ? each
          : { address: each.address, matchedBy: each.matchedBy, kind: each.icmp },
      ),
    })),
  };
}

it.each(KINDS)('IPv$family, $protocol: the same replies as without it', async (kind) => {
  const { family, protocol } = kind;
  const plain = await traced(family, ['--protocol', protocol]);
  const record = await traced(family, ['--protocol', protocol, '--timestamps', 'ring']);
  expect(record.reached).toBe(true);
  expect(contentOf(record)).toEqual(contentOf(plain));
  expect(repliesOf(record)).toHaveLength(4 * QUERIES);
  expect(new Set(repliesOf(record).map(({ sendTime }) => sendTime))).toEqual(new Set(['kernel']));
  expect(record.measurement).toMatchObject({ duplicates: 0, foreignReplies: 0, malformed: 0 });
});

/** IPv4 fragments that have come so far. */
async function fragmentsCome(): Promise<number> {
  const { stdout } = await labOf(4).exec(SOURCE, ['cat', '/proc/net/snmp']);
  const [names = '', numbers = ''] = stdout.split('\n').filter((line) => line.startsWith('Ip:'));
  return Number(numbers.split(' ')[names.split(' ').indexOf('ReasmReqds')]);
}

it('takes errors that come in fragments, put together', async () => {
  const lab = labOf(4);
  const way = `$(ip route show ${lab.plan.source[4]} | sed 's/ mtu.*//')`;
  const mtu = (bytes: number): Promise<void> =>
    configure(lab, 'r1.0', [`ip route replace ${way} mtu lock ${bytes}`]);
  const flags = ['--timestamps', 'ring', '--packet-size', '500'];
  const whole = await traced(4, flags);
  await mtu(296);
  const before = await fragmentsCome();
  const record = await traced(4, flags);
  const fragments = (await fragmentsCome()) - before;
  await mtu(1500);
  expect(fragments).toBeGreaterThanOrEqual(2 * 3 * QUERIES);
  expect(record.reached).toBe(true);
  expect(contentOf(record)).toEqual(contentOf(whole));
  expect(repliesOf(record)).toHaveLength(4 * QUERIES);
});
