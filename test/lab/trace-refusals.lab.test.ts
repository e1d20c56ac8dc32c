/**
 * What routers and targets answer instead of the usual, for every protocol and both families: each
 * case is a trace of its own, all at once, told apart by destination port or, for echoes, by length.
 */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { TraceRecord } from '../../src/model/trace-record.ts';
import { TARGET } from '../../src/sim/topology.ts';
import { interfaceTo } from './lab-nodes.ts';
import { addRules, configure, startFixture } from './lab-nuisances.ts';
import { labsOfFamilies } from './labs-of-families.ts';
import { answersAt, tracesAtOnce } from './traces-at-once.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const PROTOCOLS = ['udp', 'udp-classic', 'tcp', 'icmp'] as const;
const FIRST_PORT = 20_000;
/** `udp-classic` counts up from its first port. */
const PORT_STEP = 200;
const FIRST_LENGTH = 100;
/** As nftables calls them; code and mark as in RFC 792, RFC 1812 §5.2.7.1, RFC 4443. */
const CODES = {
  4: [
    { name: 'net-unreachable', code: 0, mark: '!N' },
    { name: 'host-unreachable', code: 1, mark: '!H' },
    { name: 'prot-unreachable', code: 2, mark: '!P' },
    { name: 'net-prohibited', code: 9, mark: '!X' },
    { name: 'host-prohibited', code: 10, mark: '!X' },
    { name: 'admin-prohibited', code: 13, mark: '!X' },
  ],
  6: [
    { name: 'no-route', code: 0, mark: '!N' },
    { name: 'admin-prohibited', code: 1, mark: '!X' },
    { name: 'addr-unreachable', code: 3, mark: '!H' },
    { name: 'policy-fail', code: 5, mark: '!S' },
    { name: 'reject-route', code: 6, mark: '!X' },
  ],
} as const;

const labOf = labsOfFamilies({ fabric: { widths: [1, 1, 1] } });

describe.each(FAMILIES)('IPv%i', (family) => {
  const icmp = family === 4 ? 'icmp' : 'icmpv6';
  const cases = PROTOCOLS.flatMap((protocol, p) =>
    CODES[family].map((code, c) => {
      const n = p * CODES[family].length + c;
      return { protocol, ...code, port: FIRST_PORT + PORT_STEP * n, length: FIRST_LENGTH + n };
    }),
  );

  /** What tells the probes of a case on their way. */
  function matchOf({ protocol, port, length }: (typeof cases)[number]): string {
    if (protocol === 'tcp') return `tcp dport ${port}`;
    if (protocol !== 'icmp') return `udp dport ${port}-${port + PORT_STEP - 1}`;
    const echo = `${icmp} type echo-request`;
    return family === 4 ? `${echo} ip length ${length}` : `${echo} ip6 length ${length - 40}`;
  }

  it('every code of unreachable ends every kind of trace, with its mark', async () => {
    const lab = labOf(family);
    await addRules(lab, 'r2.0', {
      name: 'refusals',
      hook: 'type filter hook forward priority filter',
      rules: cases.map((each) => `${matchOf(each)} reject with ${icmp} ${each.name}`),
    });
    const records = await tracesAtOnce(
      lab,
      cases.map(({ protocol, port, length }) =>
        protocol === 'icmp' ? { protocol, packetBytes: length } : { protocol, port },
      ),
    );
    await configure(lab, 'r2.0', ['nft delete table inet refusals']);
    const seen = records.map((record, n) => {
      const [answer] = answersAt(record, 3).filter(({ kind }) => kind === 'unreachable');
      const { stopReason, protocol } = record;
      return {
        protocol,
        name: cases[n]?.name,
        stopReason,
        ttl: record.hops.at(-1)?.ttl,
        icmp: answer?.icmp,
      };
    });
    const type = family === 4 ? 3 : 1;
    expect(seen).toEqual(
      cases.map(({ protocol, name, code, mark }) => {
        return { protocol, name, stopReason: 'unreachable', ttl: 3, icmp: { type, code, mark } };
      }),
    );
  });

  it('a loop is one by every protocol', async () => {
    const lab = labOf(family);
    const target = lab.plan.target.address[family];
    const back = lab.plan.links.find(({ far }) => far === 'r2.0')?.nearAddress[family];
    const route = `ip -${family} route replace ${target} via ${back} dev ${interfaceTo('r1.0')}`;
    const before = await lab.exec('r2.0', ['ip', `-${family}`, 'route', 'show', target]);
    await configure(lab, 'r2.0', [`${route} onlink`]);
    const records = await tracesAtOnce(
      lab,
      PROTOCOLS.map((protocol) => ({ protocol, maxTtl: 16 })),
    );
    await configure(lab, 'r2.0', [`ip -${family} route replace ${before.stdout.trim()}`]);
    for (const { stopReason, protocol } of records) {
      expect({ stopReason, protocol }).toEqual({ stopReason: 'loop', protocol });
    }
  });

  it('probes too long for a link are told its MTU by every protocol', async () => {
    const lab = labOf(family);
    const link = `ip link set ${interfaceTo('r3.0')} mtu`;
    await configure(lab, 'r2.0', [`${link} 1300`]);
    const records = await tracesAtOnce(
      lab,
      PROTOCOLS.map((protocol) => ({ protocol, packetBytes: 1400 })),
    );
    await configure(lab, 'r2.0', [`${link} 1500`]);
    const seen = records.map((record) => {
      const { protocol, stopReason } = record;
      return { protocol, stopReason, marks: answersAt(record, 3).map(({ icmp }) => icmp?.mark) };
    });
    const marks = ['!F-1300', '!F-1300', '!F-1300'];
    expect(seen).toEqual(
      PROTOCOLS.map((protocol) => ({ protocol, stopReason: 'unreachable', marks })),
    );
  });

  it('a target slower than the time-out is not reached, and its answers count as late', async () => {
    const lab = labOf(family);
    const port = 9999;
    const server = await startFixture(lab, TARGET, 'slow-datagrams', [
      String(family),
      String(port),
      '300',
    ]);
    const common = { protocol: 'udp', port, queries: 1 } as const;
    const [patient] = await tracesAtOnce(lab, [{ ...common, timeoutMs: 2000 }]);
    expect(patient).toMatchObject({ reached: true, stopReason: 'reached' });
    expect(answersAt(patient as TraceRecord, 4)[0]).toMatchObject({
      kind: 'datagram',
      matchedBy: 'addresses',
    });
    // It goes on long enough to hear what it no longer waits for.
    const [hasty] = await tracesAtOnce(lab, [
      { ...common, timeoutMs: 100, queries: 4, parallelTtls: 1 },
    ]);
    server.kill('SIGKILL');
    expect(hasty).toMatchObject({ reached: false, stopReason: 'max-ttl' });
    expect([1, 2, 3].map((ttl) => answersAt(hasty as TraceRecord, ttl).length)).toEqual([4, 4, 4]);
    expect(hasty?.measurement.lateReplies).toBeGreaterThan(0);
  });
});
