/**
 * The commands that a report prints to reproduce its finding do so: those that are to hit the fault
 * lose packets on it, and those that are to miss it lose none.
 *
 * Of `ATTEMPTS` connections of a flow over a link that loses half of what it forwards, fewer than
 * `LOST_MIN` fail once in 10^8 times (binomial: 40, ½, below 4), and there are 16 such flows. Flows
 * around the link have nothing to lose. The routers' own tables say whether these are the flows.
 */

import { once } from 'node:events';
import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { FiveTuple, IsolateRecord } from '../../src/model/isolate-record.ts';
import { formatIsolateText } from '../../src/report/isolate/isolate-text.ts';
import { reproduction } from '../../src/report/isolate/reproduce-lines.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { isListening, isolateIn } from './isolate-run.ts';
import type { CommandResult } from './lab-commands.ts';
import { BACKLOG } from './lab-layout.ts';
import { addRules, configure, startFixture } from './lab-nuisances.ts';
import { FABRIC, labTest, type OpenLab } from './lab-test.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import type { ScenarioFault, ScenarioOptions } from './scenario-plan.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const LINK = ['r2.1', 'r3.2'] as const;
const CONFIDENT = ['--confidence', '99%'];
const SEED = 3;
/** Addresses, protocol and ports. */
const HASH_FIELDS = 0x37;
const ATTEMPTS = 40;
const LOST_MIN = 4;
const CONNECTS_TIMEOUT_MS = 90_000;
const CURL_COULD_NOT_CONNECT = 28;

const test = labTest({ seed: SEED });

async function balanced(open: OpenLab, options: ScenarioOptions): Promise<NamespaceLab> {
  const lab = await open(FABRIC, options);
  if (options.family === 6) await readPortsOfSockets(lab);
  return lab;
}

/**
 * Makes routers balance IPv6 by the packet alone. As the lab sets them up, they prefer the hash
 * that a socket left with its packet, which crosses veth but no wire.
 */
async function readPortsOfSockets(lab: NamespaceLab): Promise<void> {
  const settings = [
    `echo ${HASH_FIELDS} > ipv6/fib_multipath_hash_fields`,
    'echo 3 > ipv6/fib_multipath_hash_policy',
  ];
  await Promise.all(lab.plan.routers.map(({ name }) => configure(lab, name, settings)));
}

describe.concurrent.each(FAMILIES)('where a link loses half, over IPv%i', (family) => {
  test.for([
    { shows: 'a closed port', answer: 'refuse' },
    { shows: 'an open port', answer: 'accept' },
  ] as const)(
    'plain connections to $shows lose on flows that hit it alone',
    async ({ answer }, { open }) => {
      const fault: ScenarioFault = { link: LINK, forwardLoss: 0.5 };
      const lab = await balanced(open, { family, faults: [fault], target: { answer } });
      const { faulty, control } = await flowsOf(lab);
      if (family === 4) await expectPaths(lab, { faulty, control });

      const before = await packetsOverLink(lab);
      const missed = await lostBy(control, lab);
      expect(missed).toEqual(control.map(() => 0));
      // The run's own half-open connections may still be answered, and refuse that by these paths.
      expect(await packetsOverLink(lab)).toBeLessThan(before + ATTEMPTS);

      const hit = await lostBy(faulty, lab);
      for (const lost of hit) expect(lost).toBeGreaterThanOrEqual(LOST_MIN);
      expect(await packetsOverLink(lab)).toBeGreaterThanOrEqual(before + faulty.length * ATTEMPTS);
    },
  );
});

describe.concurrent.each(FAMILIES)('where a link drops all, over IPv%i', (family) => {
  test.for([
    { shows: 'nc', port: 22, failure: 1 },
    { shows: 'curl', port: 8080, failure: CURL_COULD_NOT_CONNECT },
  ])(
    'the printed $shows commands fail just where they say so',
    async ({ shows, port, failure }, { open }) => {
      const fault: ScenarioFault = { link: LINK, forwardLoss: 1 };
      const answer = shows === 'curl' ? 'refuse' : 'accept';
      const lab = await balanced(open, { family, faults: [fault], target: { answer, port } });
      if (shows === 'curl')
        await startFixture(lab, TARGET, 'http-server', [`${port}`, `${BACKLOG}`]);
      const record = await recordOf(lab);
      const [hits, misses, both] = printedGroups(record);
      const capture = await captureIn(lab, both?.[0] ?? '');

      const failed = await Promise.all((hits ?? []).map((line) => inShell(lab, line)));
      expect(failed.map(({ status }) => status)).toEqual(
        record.reproduce.faulty.map(() => failure),
      );
      const passed = await Promise.all((misses ?? []).map((line) => inShell(lab, line)));
      expect(passed.map(({ status }) => status)).toEqual(record.reproduce.control.map(() => 0));
      if (shows === 'curl') {
        for (const { stdout } of passed) expect(stdout).toMatch(/^0\.\d+ s to connect\n$/);
      }

      const flows = [...record.reproduce.faulty, ...record.reproduce.control];
      await capture.shows(flows.map(({ sourcePort }) => `.${sourcePort} > `));
    },
  );

  test('so do those of UDP and ICMP for the same ends', async ({ open }) => {
    const lab = await balanced(open, { family });
    const { source, target } = lab.plan;
    const ends = { source: source[family], destination: target.address[family] };
    const flow = { ...ends, sourcePort: 40_000, port: 9 };
    for (const protocol of ['udp', 'icmp'] as const) {
      const { command, capture } = linesFor({ ...flow, protocol }, family);
      const watch = await captureIn(lab, capture);
      await inShell(lab, command); // nc has no opinion on what comes back over UDP
      const { source: near, destination: far } = ends;
      await watch.shows(
        protocol === 'udp'
          ? [`${near}.40000 > ${far}.9`]
          : [`${near} > ${far}`, `${far} > ${near}`],
      );
    }
  });
});

/** Routers balance by the checksum of echoes, or not at all: Linux does not, so a filter stands in. */
test.concurrent.for(FAMILIES)(
  'where echoes of some checksums are dropped, the printed pings fail just where they say so (IPv%i)',
  async (family, { open }) => {
    const lab = await open({ fabric: { widths: [1, 1, 1] } }, { family });
    const message = family === 4 ? 'icmp' : 'icmpv6';
    await addRules(lab, 'r2.0', {
      name: 'checksums',
      hook: 'type filter hook forward priority filter',
      // The checksum is the second half of the first word (RFC 792, RFC 4443 §2.1).
      rules: [`${message} type echo-request @th,16,16 & 3 == 1 drop`],
    });
    const flags = ['--protocol', 'icmp', '--flows', '16', ...CONFIDENT];
    const { record } = await isolateIn(lab, { seed: SEED, flags });
    expect(record.verdict, record.summary).toBe('loss-located');
    const { faulty, control } = record.reproduce;
    const isDropped = ({ sourcePort }: FiveTuple): boolean => sourcePort % 4 === 1;
    expect([faulty.length, control.length]).toEqual([4, 4]);
    expect([faulty.every(isDropped), control.some(isDropped)]).toEqual([true, false]);
    const [hits, misses] = printedGroups(record);
    const statuses = async (lines: readonly string[] = []) =>
      (await Promise.all(lines.map((line) => inShell(lab, line)))).map(({ status }) => status);
    expect(await statuses(hits)).toEqual([1, 1, 1, 1]);
    expect(await statuses(misses)).toEqual([0, 0, 0, 0]);
  },
);

test.concurrent('a report on IPv6 says that the flow label may make another path', async ({
  open,
}) => {
  const lab = await balanced(open, { family: 6, faults: [{ link: LINK, forwardLoss: 1 }] });
  const report = formatIsolateText(await recordOf(lab), { width: Infinity });
  expect(report).toMatch(/flow label of their own, and these connections another/);
});

async function recordOf(lab: NamespaceLab): Promise<IsolateRecord> {
  const { record } = await isolateIn(lab, { seed: SEED, flags: CONFIDENT });
  expect(record.verdict, record.summary).toBe('loss-located');
  expect(record.reproduce.faulty).not.toEqual([]);
  expect(record.reproduce.control).not.toEqual([]);
  return record;
}

async function flowsOf(lab: NamespaceLab): Promise<IsolateRecord['reproduce']> {
  return (await recordOf(lab)).reproduce;
}

/** By the routers' own tables. */
async function expectPaths(
  lab: NamespaceLab,
  { faulty, control }: IsolateRecord['reproduce'],
): Promise<void> {
  const sourcePorts = [...faulty, ...control].map(({ sourcePort }) => sourcePort);
  const query = { sourcePorts, destinationPort: lab.plan.target.port };
  const routes = await lab.truth(lab.plan.family, query);
  const crossing = sourcePorts.filter((port) => {
    const route = routes.get(port) ?? [];
    return LINK.every((router) => route.includes(router));
  });
  expect(crossing).toEqual(faulty.map(({ sourcePort }) => sourcePort));
}

/** How many of `ATTEMPTS` connections had no answer at once, by flow. */
async function lostBy(flows: readonly FiveTuple[], lab: NamespaceLab): Promise<number[]> {
  const [first] = flows;
  if (first === undefined) return [];
  const file = new URL('./fixtures/repeated-connects.mjs', import.meta.url).pathname;
  const { source, destination, port } = first;
  const ports = flows.map(({ sourcePort }) => `${sourcePort}`);
  const ends = [source, destination, `${port}`, `${ATTEMPTS}`];
  const argv = [process.execPath, file, ...ends, ...ports];
  const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: CONNECTS_TIMEOUT_MS });
  expect(stderr).toBe('');
  const lost = JSON.parse(stdout) as Record<string, number>;
  return ports.map((sourcePort) => lost[sourcePort] ?? Number.NaN);
}

async function packetsOverLink(lab: NamespaceLab): Promise<number> {
  const faults = await lab.dropCounters();
  return faults.reduce((sum, { atRisk }) => sum + atRisk, 0);
}

/** A printed capture that is running. */
async function captureIn(lab: NamespaceLab, line: string) {
  const { stdout, stderr } = lab.spawn(SOURCE, ['sh', '-c', `exec ${line} --immediate-mode -l`]);
  await isListening(stderr);
  let captured = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    captured += text;
  });
  /** Waits until it has shown all of these; the test runs out of time when it never does. */
  const shows = async (texts: readonly string[]): Promise<void> => {
    while (!texts.every((each) => captured.includes(each))) await once(stdout, 'data');
  };
  return { shows };
}

/** The commands of each group in the text report, as a person would copy them. */
function printedGroups(record: IsolateRecord): string[][] {
  const text = formatIsolateText(record, { width: 80 });
  const lines = text.slice(text.indexOf('\nReproduce\n') + 1).split('\n');
  const groups: string[][] = [];
  for (const line of lines.slice(1)) {
    if (/^ {2}\w.*:$/.test(line)) groups.push([]);
    else if (/^ {4}(?:nc|curl|ping|tcpdump) /.test(line)) groups.at(-1)?.push(line.trim());
  }
  return groups;
}

function inShell(lab: NamespaceLab, line: string): Promise<CommandResult> {
  return lab.exec(SOURCE, ['sh', '-c', line]);
}

function linesFor(flow: FiveTuple, family: IpFamily) {
  const { groups } = reproduction({
    family,
    simulated: null,
    classes: [{ tos: 0, packetBytes: 40 }],
    reproduce: { faulty: [flow], control: [] },
  });
  const [command = '', capture = ''] = groups.flatMap(({ commands }) => commands);
  return { command, capture };
}
