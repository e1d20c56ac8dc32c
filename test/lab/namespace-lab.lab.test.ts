/**
 * Whether the lab is the network that the plan says: traceroute and the kernel's own counters are
 * the witnesses, and nothing of the product but the plan takes part.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { farAnsweringAddress, nodeOfAddress } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CHANCE_NATS_MAX, chanceNats } from './chance.ts';
import { startCommand } from './lab-commands.ts';
import type { FaultKind } from './lab-faults.ts';
import { LabPlanError } from './lab-plan-error.ts';
import { FABRIC, labTest } from './lab-test.ts';
import { type FaultCount, type NamespaceLab, openLab } from './namespace-lab.ts';
import { planScenario, type ScenarioOptions } from './scenario-plan.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const UNEQUAL = { fabric: { widths: [1, 4, 4, 1], detours: ['r3.2'] } };
const CHAIN = { fabric: { widths: [1, 1] } };
const PORT = 22;
const UDP_PORT = 33_434;
const BURST = fileURLToPath(new URL('./udp-burst.mjs', import.meta.url));
const OWNER = fileURLToPath(new URL('./lab-owner.mjs', import.meta.url));

/** Enough for each of sixteen links to be on some flow but for one chance in a million. */
const MANY_PORTS = portsFrom(40_000, 256);
/** Counts the packets that pass, and loses one in a million of them. */
const TAP = 1e-6;

const labs: NamespaceLab[] = [];
const owners: ChildProcess[] = [];

async function open(what: object, options?: ScenarioOptions): Promise<NamespaceLab> {
  const lab = await openLab(planScenario(what, options).plan);
  labs.push(lab);
  return lab;
}

async function closeAll(): Promise<void> {
  for (const lab of labs.splice(0)) await lab.close();
  for (const owner of owners.splice(0)) {
    if (owner.kill('SIGTERM')) await once(owner, 'exit');
  }
}

describe.each([
  { shape: '1-4-4-1', what: FABRIC, lengths: [4] },
  { shape: '1-4-4-1 with a detour', what: UNEQUAL, lengths: [4, 5] },
])('a lab of $shape', ({ what, lengths }) => {
  let lab: NamespaceLab;

  beforeAll(async () => {
    lab = await open(what, { seed: 3 });
  });
  afterAll(closeAll);

  it.each(FAMILIES)('spreads flows of IPv%i over all links, and over no others', async (family) => {
    const flows = { sourcePorts: MANY_PORTS, destinationPort: PORT };
    const routes = await lab.truth(family, flows);
    expect([...routes.keys()]).toEqual(MANY_PORTS);
    const used = [...routes.values()].flatMap(linksOf);
    const planned = lab.plan.links.map(({ near, far }) => `${near} ${far}`);
    expect([...new Set(used)].sort()).toEqual(planned.sort());
    expect(new Set([...routes.values()].map((route) => route.length))).toEqual(new Set(lengths));
  });

  it.each(FAMILIES)('answers traceroute from the planned addresses of IPv%i', async (family) => {
    const plan = planScenario(what, { family }).plan;
    const ports = MANY_PORTS.slice(0, 12);
    const routes = await lab.truth(family, { sourcePorts: ports, destinationPort: PORT });
    const traces = await Promise.all(ports.map((port) => traceroute(lab, family, port)));
    for (const [i, port] of ports.entries()) {
      const links = linksOf(routes.get(port) ?? []).map((link) => link.split(' '));
      const answering = links.map(([near = '', far = '']) =>
        farAnsweringAddress(plan, { near, far }),
      );
      expect(traces[i]?.map(({ address }) => address)).toEqual(answering);
    }
  });
});

describe('balancing', () => {
  afterEach(closeAll);

  it.each(FAMILIES)('gives the same routes of IPv%i for the same seed only', async (family) => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => open(FABRIC, { seed })));
    const flows = { sourcePorts: MANY_PORTS, destinationPort: PORT };
    const routes = await one?.truth(family, flows);
    expect(await same?.truth(family, flows)).toEqual(routes);
    expect(await other?.truth(family, flows)).not.toEqual(routes);
  });

  // Not so in IPv6: see the hash policies in lab-layout.ts.
  it('sends all SYN-ACKs of one flow of IPv4 the same way back', async () => {
    const taps = [0, 1, 2, 3].map((k) => ({ link: ['r1.0', `r2.${k}`], returnLoss: TAP }));
    const lab = await open({ ...FABRIC, faults: taps }, { target: { answer: 'accept' } });
    const replies = 10;
    const last = { firstTtl: 5, lastTtl: 5, queries: replies };
    const trace = await traceroute(lab, 4, 40_000, last);
    expect(trace).toHaveLength(replies);
    expect(trace[0]?.flags).toBe('syn,ack');
    const passed = (await lab.dropCounters()).map(({ atRisk }) => atRisk);
    expect(passed.sort((a, b) => a - b)).toEqual([0, 0, 0, replies]);
  });

  it.each(FAMILIES)(
    'takes the datagrams of local sockets the true way of IPv%i',
    async (family) => {
      const taps = [0, 1, 2, 3].map((k) => ({ link: [`r3.${k}`, 'r4.0'], forwardLoss: TAP }));
      const lab = await open({ ...FABRIC, faults: taps });
      const sourcePorts = MANY_PORTS.slice(0, 6);
      const flows = { sourcePorts, destinationPort: UDP_PORT, protocol: 'udp' } as const;
      const routes = [...(await lab.truth(family, flows)).values()];
      await Promise.all(sourcePorts.map((port) => burst(lab, family, { port, count: 10 })));
      for (const { place, atRisk } of await lab.dropCounters()) {
        const taken = routes.filter((route) => linksOf(route).includes(place));
        expect(atRisk, place).toBe(10 * taken.length);
      }
    },
  );
});

const inLab = labTest({});

describe.concurrent.each(FAMILIES)('faults in IPv%i', (family) => {
  inLab('lose what they say, and everything else arrives', async ({ open }) => {
    const lab = await open({
      ...CHAIN,
      faults: [
        { link: ['source', 'r1.0'], forwardLoss: 0.2, returnLoss: 0.02 },
        { router: 'r1.0', forwardLoss: 0.1, returnLoss: 0.3 },
        { link: ['r1.0', 'r2.0'], forwardLoss: 0.01, returnLoss: 0.5 },
        { link: ['r2.0', 'target'], forwardLoss: 0.4, returnLoss: 0.05 },
      ],
    });
    const count = 10_000;
    await burst(lab, family, { port: 40_000, count });
    const counts = await lab.dropCounters();
    const onTheWay = [
      ['source r1.0', 'forward', 0.2],
      ['r1.0', 'forward', 0.1],
      ['r1.0 r2.0', 'forward', 0.01],
      ['r2.0 target', 'forward', 0.4],
      ['r2.0 target', 'return', 0.05], // of the port unreachables
      ['r1.0 r2.0', 'return', 0.5],
      ['r1.0', 'return', 0.3],
      ['source r1.0', 'return', 0.02],
    ] as const;
    let left = count;
    for (const [place, direction, ratio] of onTheWay) {
      const { atRisk, dropped } = countOf(counts, { place, direction });
      expect(atRisk, `at risk at ${place}, ${direction}`).toBe(left);
      expectDrawn(dropped, left, ratio);
      left -= dropped;
    }
  });

  inLab.for([
    { fault: { link: ['r1.0', 'r2.0'], forwardLoss: 1 }, seen: ['r1.0', '*', '*'] },
    { fault: { router: 'r2.0', forwardLoss: 1 }, seen: ['r1.0', 'r2.0', '*'] },
    { fault: { link: ['r2.0', 'target'], forwardLoss: 1 }, seen: ['r1.0', 'r2.0', '*'] },
    { fault: { link: ['source', 'r1.0'], returnLoss: 1 }, seen: ['*', '*', '*'] },
    { fault: { router: 'r1.0', returnLoss: 1 }, seen: ['r1.0', '*', '*'] },
    { fault: { link: ['r2.0', 'target'], returnLoss: 1 }, seen: ['r1.0', 'r2.0', '*'] },
  ])('strike where the plan says: $fault', async ({ fault, seen }, { open }) => {
    const lab = await open({ ...CHAIN, faults: [fault] });
    expect(await nodesSeen(lab, family)).toEqual(seen);
  });

  inLab('keep a silent router from answering, and nothing else', async ({ open }) => {
    const lab = await open({ ...CHAIN, routers: { 'r1.0': { silent: true } } });
    expect(await nodesSeen(lab, family)).toEqual(['*', 'r2.0', TARGET]);
    const { atRisk, dropped } = countOf(await lab.dropCounters(), { kind: 'silence' });
    expect({ atRisk, dropped }).toEqual({ atRisk: 1, dropped: 1 });
  });

  inLab('limit the errors of a router to its burst, and leave transit alone', async ({ open }) => {
    const icmpLimit = { perSecond: 0.01, burst: 5 };
    const lab = await open({ ...CHAIN, routers: { 'r1.0': { icmpLimit } } });
    await burst(lab, family, { port: 40_000, count: 50, ttl: 1 });
    await burst(lab, family, { port: 40_000, count: 50, ttl: 2 });
    const { atRisk, dropped } = countOf(await lab.dropCounters(), { kind: 'icmp-limit' });
    expect({ atRisk, dropped }).toEqual({ atRisk: 50, dropped: 45 });
    expect(await nodesSeen(lab, family)).toEqual(['*', 'r2.0', TARGET]);
  });

  inLab('let others use up the limit of a router', async ({ open }) => {
    const icmpLimit = { perSecond: 0.01, burst: 5, othersPerSecond: 1000 };
    const lab = await open({ ...CHAIN, routers: { 'r1.0': { icmpLimit } } });
    await burst(lab, family, { port: 40_000, count: 50, ttl: 1 });
    const { atRisk, dropped } = countOf(await lab.dropCounters(), { kind: 'icmp-limit' });
    expect({ atRisk, dropped }).toEqual({ atRisk: 50, dropped: 50 });
  });

  inLab('are the only limit on errors: the kernel has none of its own', async ({ open }) => {
    const icmpLimit = { perSecond: 1e6, burst: 1e6 };
    const lab = await open({ ...CHAIN, routers: { 'r1.0': { icmpLimit } } });
    await burst(lab, family, { port: 40_000, count: 3000, ttl: 1 });
    const { atRisk, dropped } = countOf(await lab.dropCounters(), { kind: 'icmp-limit' });
    expect({ atRisk, dropped }).toEqual({ atRisk: 3000, dropped: 0 });
  });

  inLab.for([
    { answer: 'refuse', port: 22, flags: 'rst,ack' },
    { answer: 'accept', port: 443, flags: 'syn,ack' },
    { answer: 'drop', port: 22, flags: undefined },
  ] as const)('let the target $answer', async ({ answer, port, flags }, { open }) => {
    const lab = await open(CHAIN, { target: { answer, port } });
    const [last] = await traceroute(lab, family, 40_000, { firstTtl: 3, lastTtl: 3 });
    const address = flags === undefined ? '*' : lab.plan.target.address[family];
    expect(last).toEqual({ address, flags });
    if (flags !== undefined) return;
    const { atRisk, dropped } = countOf(await lab.dropCounters(), { kind: 'mute-target' });
    expect({ atRisk, dropped }).toEqual({ atRisk: 1, dropped: 1 });
  });
});

describe('error sources', () => {
  afterEach(closeAll);

  it.each(FAMILIES)(
    'are the routers themselves where the plan says so in IPv%i',
    async (family) => {
      const { plan } = planScenario({ ...FABRIC, errorSource: 'router' }, { family });
      const lab = await openLab(plan);
      labs.push(lab);
      const own = new Set(plan.routers.map(({ address }) => address[family]));
      const trace = await traceroute(lab, family, 40_000);
      expect(trace.map(({ address }) => own.has(address))).toEqual([true, true, true, true, false]);
    },
  );
});

describe('plans that the kernel cannot express', () => {
  it.each([
    { what: { ...FABRIC, family: 6, errorSource: 'ingress' }, message: /ingress address in IPv6/ },
    { what: { ...CHAIN, faults: [{ router: 'r2.0', forwardLoss: 1e-9 }] }, message: /at r2\.0/ },
    {
      what: { ...CHAIN, routers: { 'r1.0': { icmpLimit: { perSecond: 0.001, burst: 1 } } } },
      message: /limit of r1\.0/,
    },
  ])('are refused: $message', async ({ what, message }) => {
    const { plan } = planScenario(what);
    await expect(openLab(plan)).rejects.toThrow(message);
    await expect(openLab(plan)).rejects.toBeInstanceOf(LabPlanError);
  });
});

describe('life and death of labs', () => {
  afterEach(closeAll);

  it('keeps labs with the same addresses apart', async () => {
    const watched = { ...CHAIN, faults: [{ router: 'r1.0', forwardLoss: TAP }] };
    const [busy, idle] = await Promise.all([open(watched), open(watched)]);
    await burst(busy, 4, { port: 40_000, count: 100 });
    expect(countOf(await busy.dropCounters(), { kind: 'router-loss' }).atRisk).toBe(100);
    expect(countOf(await idle.dropCounters(), { kind: 'router-loss' }).atRisk).toBe(0);
    await busy.close();
    expect(await nodesSeen(idle, 4)).toEqual(['r1.0', 'r2.0', TARGET]);
  });

  it('runs commands in a node, with input, environment and a time limit', async () => {
    const lab = await open(CHAIN);
    const echo = await lab.exec(SOURCE, ['sh', '-c', 'cat; echo $WORD >&2; exit 3'], {
      input: 'in',
      env: { WORD: 'word' },
    });
    expect(echo).toEqual({ status: 3, stdout: 'in', stderr: 'word\n' });
    const endless = lab.exec(SOURCE, ['sleep', '1000'], {
      timeoutMs: 50,
    });
    await expect(endless).rejects.toThrow('took longer than 50 ms');
  });

  it('has no way out, not even for names', async () => {
    const lab = await open(CHAIN);
    const outside = await lab.exec(SOURCE, ['ip', 'route', 'get', '192.0.2.1']);
    expect(outside.stderr).toMatch(/unreachable/);
    const { stdout } = await lab.exec(SOURCE, ['cat', '/etc/resolv.conf']);
    expect(stdout).toMatch(/^nameserver 127\.0\.0\.1$/m);
    expect(stdout.match(/^nameserver/gm)).toHaveLength(1);
  });

  it('leaves no namespace, no file and no process when it is closed', async () => {
    const lab = await open(CHAIN, { target: { answer: 'accept' } });
    const shell = lab.spawn(SOURCE, ['sh', '-c', 'sleep 1000 & echo $!; wait']);
    const grandchild = Number(await once(shell.stdout, 'data'));
    const listeners = await pidsIn(lab.name, TARGET);
    expect(listeners).toHaveLength(1);
    expect(traces(lab.name)).not.toEqual([]);
    await lab.close();
    expect(traces(lab.name)).toEqual([]);
    expect([...listeners, shell.pid ?? 0, grandchild].filter(isRunning)).toEqual([]);
    await lab.close();
  });

  it('goes with its owner when that is told to end', async () => {
    const owner = await startOwner();
    owner.child.kill('SIGTERM');
    const [, signal] = await once(owner.child, 'exit');
    expect(signal).toBe('SIGTERM');
    expect(traces(owner.name)).toEqual([]);
  });

  it('is swept by the next lab when its owner was killed', async () => {
    const [killed, alive] = await Promise.all([startOwner(), startOwner()]);
    const listeners = await pidsIn(killed.name, TARGET);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    expect(traces(killed.name)).not.toEqual([]);
    await open(CHAIN);
    expect(traces(killed.name)).toEqual([]);
    expect(traces(alive.name)).not.toEqual([]);
    // They die with their owner, but nobody here is told when.
    await expect.poll(() => listeners.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  });
});

/** Sends datagrams from the source to the target's closed port; when it returns all have gone. */
async function burst(
  lab: NamespaceLab,
  family: IpFamily,
  { port, count, ttl = 64 }: { port: number; count: number; ttl?: number },
): Promise<void> {
  const to = [lab.plan.target.address[family], UDP_PORT, port, count, ttl].map(String);
  const { status, stderr } = await lab.exec(SOURCE, [process.execPath, BURST, ...to]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

interface TracerouteAnswer {
  /** `*` for none. */
  readonly address: string;
  /** Of an answer by TCP; traceroute names them once for equal ones. */
  readonly flags: string | undefined;
}

/** The answers to SYNs of one flow, by TTL. */
async function traceroute(
  lab: NamespaceLab,
  family: IpFamily,
  sourcePort: number,
  { firstTtl = 1, lastTtl = 9, queries = 1 } = {},
): Promise<TracerouteAnswer[]> {
  const { address, port } = lab.plan.target;
  const flow = [`--sport=${sourcePort}`, '-p', String(port)];
  const ttls = ['-f', String(firstTtl), '-m', String(lastTtl), '-q', String(queries)];
  const { status, stdout, stderr } = await lab.exec(SOURCE, [
    ...['traceroute', '-T', '-O', 'info', `-${family}`, '-n', '-w', '0.5'],
    ...flow,
    ...ttls,
    address[family],
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').slice(1).flatMap(answersOf);
}

/** Of a line like ` 5  10.200.0.1 <syn,ack>  0.024 ms <syn,ack>  0.021 ms`. */
function answersOf(line: string): TracerouteAnswer[] {
  const [, address, rest = ''] = /^ *\d+ +([0-9a-f.:]+|\*)(.*)$/.exec(line) ?? [];
  if (address === undefined) return [];
  if (address === '*') return [{ address, flags: undefined }];
  const answers = [...rest.matchAll(/(?:<([a-z,]+)>)? +[0-9.]+ ms/g)];
  return answers.map(([, flags]) => ({ address, flags }));
}

async function nodesSeen(lab: NamespaceLab, family: IpFamily): Promise<string[]> {
  const nodes = nodeOfAddress(lab.plan);
  const trace = await traceroute(lab, family, 40_000, { lastTtl: 3 });
  return trace.map(({ address }) => nodes.get(address) ?? address);
}

function linksOf(route: readonly string[]): string[] {
  return [...route, TARGET].map((far, i) => `${route[i - 1] ?? SOURCE} ${far}`);
}

function countOf(
  counts: readonly FaultCount[],
  wanted: { kind?: FaultKind; place?: string; direction?: string },
): FaultCount {
  const count = counts.find((each) => expect.objectContaining(wanted).asymmetricMatch(each));
  if (count !== undefined) return count;
  throw new Error(`no fault like ${JSON.stringify(wanted)} in ${JSON.stringify(counts)}`);
}

/** Fails for two honest draws in 10^8. */
function expectDrawn(drawn: number, of: number, ratio: number): void {
  const nats = chanceNats(drawn, of, ratio);
  expect(nats, `${drawn} of ${of}, ${ratio}`).toBeLessThanOrEqual(CHANCE_NATS_MAX);
}

async function startOwner() {
  const { plan } = planScenario(CHAIN, { target: { answer: 'accept' } });
  const child = startCommand([process.execPath, OWNER, JSON.stringify(plan)]);
  owners.push(child);
  const name = String(await once(child.stdout, 'data')).trim();
  return { child, name };
}

/** Namespaces and files of a lab. */
function traces(name: string): string[] {
  const folders = ['/run/netns', '/etc/netns'].filter((folder) => existsSync(folder));
  return folders.flatMap((folder) =>
    readdirSync(folder).filter((each) => each.startsWith(`${name}-`)),
  );
}

async function pidsIn(name: string, node: string): Promise<number[]> {
  const child = spawn('ip', ['netns', 'pids', `${name}-${node}`]);
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk).trim().split('\n').map(Number);
}

/** A zombie, which waits for its parent to take notice, has ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function portsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
