/**
 * `fantrace trace` on kernel routers: three in a row, beside traceroute, mtr and scamper in the
 * same network. Nothing is lost here by chance, so every hop must be the true one.
 */

import { describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { TraceRecord, TraceReply } from '../../src/model/trace-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
import { labsOfFamilies } from './labs-of-families.ts';
import { routeManyTargets, traceManyTargets } from './many-targets.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const PROTOCOLS = ['udp', 'udp-classic', 'tcp', 'icmp'] as const;
const KINDS = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
const CHAIN = { fabric: { widths: [1, 1, 1] } };
const EXIT_REACHED = 0;
const EXIT_NOT_REACHED = 2;
/** What the kernel of a host sends in one burst, over all (net.ipv4.icmp_msgs_burst), is less. */
const GENTLE = ['-m', '8'];

interface TraceRun {
  readonly status: number | null;
  readonly record: TraceRecord;
}

const labOf = labsOfFamilies(CHAIN);

async function traceIn(family: IpFamily, flags: readonly string[]): Promise<TraceRun> {
  const lab = labOf(family);
  const target = lab.plan.target.address[family];
  const argv = [process.execPath, CLI, 'trace', '--json', '-n', ...GENTLE, ...flags, target];
  const { status, stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 30_000 });
  try {
    return { status, record: JSON.parse(stdout) as TraceRecord };
  } catch {
    throw new Error(`no record, but: ${stdout}${stderr}`);
  }
}

/** Who answered first at each TTL. */
function pathOf({ hops }: TraceRecord): (string | null)[] {
  return hops.map(({ replies }) => replies.map(answerOf).find((reply) => reply)?.address ?? null);
}

function answerOf(reply: TraceRecord['hops'][number]['replies'][number]): TraceReply | undefined {
  return 'star' in reply ? undefined : reply;
}

/** Runs something on a router, and undoes it whatever comes. */
async function during<Result>(
  family: IpFamily,
  node: string,
  commands: { readonly does: readonly string[]; readonly undoes: readonly string[] },
  measure: () => Promise<Result>,
): Promise<Result> {
  const lab = labOf(family);
  const run = async (argv: readonly string[]): Promise<void> => {
    const { status, stderr } = await lab.exec(node, argv);
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  };
  await run(commands.does);
  try {
    return await measure();
  } finally {
    await run(commands.undoes);
  }
}

describe.each(KINDS)('by $protocol over IPv$family', ({ family, protocol }) => {
  const flags = ['--protocol', protocol];

  it('names every router and the target, with all that their answers show', async () => {
    const { status, record } = await traceIn(family, flags);
    expect(status).toBe(EXIT_REACHED);
    expect(record).toMatchObject({ reached: true, stopReason: 'reached', rung: 'raw', protocol });
    expect(record.hops).toHaveLength(4);
    expect(pathOf(record)).not.toContain(null);
    expect(pathOf(record).at(-1)).toBe(record.target.address);
    const first = record.hops[0]?.replies.map(answerOf).find((reply) => reply);
    expect(first).toMatchObject({ kind: 'time-exceeded', quotedTtl: 1, quotedTos: 0, nat: false });
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0, sendErrors: {} });
  });

  it('sees the same routers as the others do', async () => {
    const { record } = await traceIn(family, flags);
    const lab = labOf(family);
    const others = await lab.exec(SOURCE, [
      'traceroute',
      `-${family}`,
      '-n',
      '-q1',
      '-N1',
      lab.plan.target.address[family],
    ]);
    const theirs = others.stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[1]);
    expect(pathOf(record)).toEqual(theirs);
  });

  it('waits for a silent router no longer than its neighbours tell', async () => {
    const type = family === 4 ? 'icmp' : 'ipv6-icmp';
    const rule = [family === 4 ? 'ip' : 'ip6', 'mute'];
    const filter = `${rule.join(' ')} { chain out { type filter hook output priority 0; ${
      type === 'icmp' ? 'icmp type' : 'icmpv6 type'
    } time-exceeded drop; }; }`;
    const commands = {
      does: ['nft', `table ${filter}`],
      undoes: ['nft', 'delete', 'table', ...rule],
    };
    const { record } = await during(family, 'r2.0', commands, () =>
      traceIn(family, [...flags, '-w', '5s']),
    );
    expect(record.reached).toBe(true);
    expect(pathOf(record).map((address) => address === null)).toEqual([false, true, false, false]);
    expect(record.durationMs).toBeLessThan(2500);
  });
});

const REFUSALS = [
  { family: 4, kind: 'unreachable', icmp: { type: 3, code: 0, mark: '!N' } },
  { family: 4, kind: 'prohibit', icmp: { type: 3, code: 13, mark: '!X' } },
  { family: 6, kind: 'unreachable', icmp: { type: 1, code: 0, mark: '!N' } },
  { family: 6, kind: 'prohibit', icmp: { type: 1, code: 1, mark: '!X' } },
] as const;

it.each(REFUSALS)('IPv$family: a router whose rules say $kind ends the trace', async (row) => {
  const { family, kind, icmp } = row;
  const target = labOf(family).plan.target.address[family];
  const rule = ['ip', `-${family}`, 'rule'];
  const entry = ['pref', '10', 'to', target, kind];
  const commands = { does: [...rule, 'add', ...entry], undoes: [...rule, 'del', ...entry] };
  const { status, record } = await during(family, 'r2.0', commands, () => traceIn(family, []));
  expect(status).toBe(EXIT_NOT_REACHED);
  expect(record).toMatchObject({ reached: false, stopReason: 'unreachable' });
  expect(
    record.hops
      .at(-1)
      ?.replies.map(answerOf)
      .find((reply) => reply),
  ).toMatchObject({ icmp });
});

it.each(FAMILIES)('IPv%i: the kernel tells when each probe left', async (family) => {
  const { record } = await traceIn(family, ['--timestamps', 'kernel', '-q', '9']);
  const replies = record.hops.flatMap(({ replies }) =>
    replies.flatMap((each) => answerOf(each) ?? []),
  );
  expect(replies.length).toBeGreaterThanOrEqual(4 * 9);
  expect(new Set(replies.map(({ sendTime }) => sendTime))).toEqual(new Set(['kernel']));
});

it.each(FAMILIES)('IPv%i: probes are marked, for the firewall of this host', async (family) => {
  const table = [family === 4 ? 'ip' : 'ip6', 'marked'];
  const chain =
    'chain out { type filter hook output priority 0; meta l4proto udp meta mark != 7 drop; }';
  const commands = {
    does: ['nft', `table ${table.join(' ')} { ${chain}; }`],
    undoes: ['nft', 'delete', 'table', ...table],
  };
  const [marked, others] = await during(family, SOURCE, commands, async () => [
    await traceIn(family, ['--mark', '7']),
    await traceIn(family, ['--mark', '8', '-m', '2']),
  ]);
  expect(marked?.record).toMatchObject({ reached: true, measurement: { sendErrors: {} } });
  expect(others?.record).toMatchObject({ reached: false, measurement: { repliesReceived: 0 } });
  expect(others?.record.measurement.sendErrors['EPERM']).toBeGreaterThan(0);
});

it('three processes side by side take no reply of each other', async () => {
  const runs = await Promise.all([
    traceIn(4, ['-q', '9', '--protocol', 'udp']),
    traceIn(4, ['-q', '9', '--protocol', 'udp']),
    traceIn(4, ['-q', '9', '--protocol', 'icmp']),
  ]);
  for (const { record } of runs) {
    expect(record.reached).toBe(true);
    expect(record.measurement).toMatchObject({ foreignReplies: 0, duplicates: 0 });
  }
});

it('two processes with many traces each take no reply of another trace', async () => {
  const lab = labOf(4);
  await routeManyTargets(lab);
  const options = { names: false, queries: 1, maxTtl: 6 };
  const result = await traceManyTargets(lab, { processes: 2, traces: 250, options });
  expect(result).toMatchObject({ mismatched: 0, foreign: 0, unreached: 0 });
  expect(result.replies).toBeGreaterThan(0.99 * 2 * 250 * 4);
});
