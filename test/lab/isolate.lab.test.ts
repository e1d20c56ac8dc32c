/**
 * Whether `fantrace isolate` keeps its promise on kernel routers: it names what is broken, and
 * never what is not. `npm run bench:lab` says how often, and for small losses.
 *
 * The kernel draws losses afresh in every run, but hashes as the plan says: a flow takes the same
 * path in all of them. Runs on a lossy network ask for a confidence of 99.99 %, more than they may be
 * wrong; in the simulated network none of 590 failed whose fault four flows or more crossed.
 *
 * What they need is that enough flows cross the fault. Of the n flows of a router, the k across a
 * lossy link may as well be a hash bucket of the router that loses as much, and no number of probes
 * tells: that costs n H(k/n) + 3 + ½ ln(n + 1) nats, H being the entropy (the penalty of a partial
 * loss), and weighs more than 1 in 10,000 up to twelve nats. Four flows of eleven cost 11.4:
 * such runs now and then end in a suspicion. The links below have five of fifteen, 13.9 nats, or more.
 */

import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { FlowRecord, IsolateRecord, Measurement } from '../../src/model/isolate-record.ts';
import type { Suspect } from '../../src/model/verdict.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import {
  type IsolateRun,
  isNamed,
  isolateIn,
  type PathGaps,
  pathErrors,
  startIsolate,
  strangersIn,
  type TrueFault,
  watchProbes,
} from './isolate-run.ts';
import { runSuccessfully } from './lab-commands.ts';
import { FABRIC, labTest } from './lab-test.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { addressesOf, type ScenarioFault } from './scenario-plan.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const UNEQUAL = { fabric: { widths: [1, 4, 4, 1], detours: ['r3.2'] } };
/** As in the comment on top. */
const CONFIDENT = ['--confidence', '99.99%'];
/** Where few flows cross the fault: a hash bucket of the router before it is as likely as 1e-4. */
const LESS_CONFIDENT = ['--confidence', '99.9%'];
/** What a clean run has to rule out: the bench looks closer. */
const COARSE = ['--exclude', '10%'];
/** Where some links show so little that to rule out losses there takes long. */
const BRIEF = ['--max-time', '8s'];
const SEED = 3;
const EXIT_CLEAN = 0;
const EXIT_LOSS = 2;
const EXIT_INTERRUPTED = 130;

/** Every key that the documents promise. */
const KEYS = {
  record: keysOf<IsolateRecord>({
    schema: 1,
    version: 1,
    startedAt: 1,
    durationMs: 1,
    partial: 1,
    simulated: 1,
    targets: 1,
    source: 1,
    protocol: 1,
    classes: 1,
    family: 1,
    seed: 1,
    minTtl: 1,
    maxTtl: 1,
    confidence: 1,
    stopReason: 1,
    probesNeeded: 1,
    probesSent: 1,
    repliesReceived: 1,
    verdict: 1,
    excludedLossRatio: 1,
    untestable: 1,
    summary: 1,
    suspects: 1,
    rejected: 1,
    paths: 1,
    hops: 1,
    links: 1,
    flows: 1,
    reproduce: 1,
    measurement: 1,
  }),
  suspect: keysOf<Suspect>({
    kind: 1,
    near: 1,
    far: 1,
    addresses: 1,
    ttl: 1,
    direction: 1,
    lossRatio: 1,
    lossInterval: 1,
    probability: 1,
    flowsAcross: 1,
    flowsLossy: 1,
    probesAcross: 1,
    probesLost: 1,
    equivalents: 1,
  }),
  flow: keysOf<FlowRecord>({
    target: 1,
    sourcePort: 1,
    path: 1,
    sent: 1,
    received: 1,
    changedPath: 1,
    lossy: 1,
  }),
  measurement: keysOf<Measurement>({
    socketDrops: 1,
    sendErrors: 1,
    foreignReplies: 1,
    malformed: 1,
    lateReplies: 1,
    duplicates: 1,
    loopDelayP99Ms: 1,
    loopDelayMaxMs: 1,
    clockSteps: 1,
    skippedPorts: 1,
    notes: 1,
  }),
};

const it = labTest({ seed: SEED });

describe.concurrent.each(FAMILIES)('isolate in IPv%i names', (family) => {
  const link = ['r2.1', 'r3.2'] as const;

  it.for([
    { shows: 'a router that loses 20 %', fault: { router: 'r2.1', forwardLoss: 0.2 } },
    { shows: 'a link that loses 20 %', fault: { link, forwardLoss: 0.2 } },
    { shows: 'a link that loses 5 %', fault: { link, forwardLoss: 0.05 } },
    { shows: 'a link that drops all', fault: { link, forwardLoss: 1 } },
    { shows: 'a router that drops all', fault: { router: 'r3.1', forwardLoss: 1 } },
    {
      shows: 'the link next to the source',
      fault: { link: ['source', 'r1.0'], forwardLoss: 0.2 } as const,
    },
    {
      shows: 'a link on the short way, where another is longer',
      what: UNEQUAL,
      fault: { link: ['r2.0', 'r3.1'], forwardLoss: 0.2 } as const,
    },
    {
      shows: 'a link on the way to an open port',
      fault: { link, forwardLoss: 0.2 },
      target: { answer: 'accept' } as const,
    },
  ])('$shows', async ({ what = FABRIC, fault, target = {} }, { open }) => {
    const lab = await open(what, { family, faults: [fault], target });
    const run = await isolateIn(lab, { seed: SEED, flags: CONFIDENT });
    expect(verdictOf(run)).toEqual({ verdict: 'loss-located', status: EXIT_LOSS, suspects: 1 });
    expect(isNamed(lab.plan, run.record, truthOf(fault)), run.record.summary).toBe(true);
    await expectTruePaths(lab, run.record);
  });

  it('the target for a loss at the last router, which nothing but the target shows', async ({
    open,
  }) => {
    const lab = await open(FABRIC, { family, faults: [{ router: 'r4.0', forwardLoss: 0.2 }] });
    const run = await isolateIn(lab, { seed: SEED, flags: CONFIDENT });
    expect(verdictOf(run)).toEqual({ verdict: 'target-loss', status: EXIT_LOSS, suspects: 1 });
    await expectTruePaths(lab, run.record);
  });
});

describe.concurrent.each(FAMILIES)('isolate in IPv%i blames nobody', (family) => {
  it.for([
    { shows: 'when nothing is lost', what: FABRIC },
    { shows: 'for paths of unequal lengths', what: UNEQUAL },
  ])('$shows', async ({ what }, { open }) => {
    const lab = await open(what, { family });
    const run = await isolateIn(lab, { seed: SEED, flags: COARSE });
    expect(verdictOf(run)).toEqual({ verdict: 'no-loss', status: EXIT_CLEAN, suspects: 0 });
    expect(run.record.stopReason).toBe('clean');
    expect(run.record.excludedLossRatio).toBeLessThanOrEqual(0.1);
    await expectTruePaths(lab, run.record, { unseen: [] });
  });

  it('for routers that never answer', async ({ open }) => {
    const routers = { 'r2.1': { silent: true }, 'r3.3': { silent: true } };
    const lab = await open({ ...FABRIC, routers }, { family });
    const run = await isolateIn(lab, { seed: SEED, flags: BRIEF });
    expect(verdictOf(run)).toEqual({ verdict: 'no-loss', status: EXIT_CLEAN, suspects: 0 });
    await expectTruePaths(lab, run.record, { unseen: Object.keys(routers) });
  });

  it('for a router that limits its errors as Linux does for each peer', async ({ open }) => {
    const routers = { 'r2.1': { icmpLimit: { perSecond: 1, burst: 6 } } };
    const lab = await open({ ...FABRIC, routers }, { family });
    const { record, status } = await isolateIn(lab, { seed: SEED, flags: BRIEF });
    expect({ verdict: record.verdict, status }).toEqual({ verdict: 'no-loss', status: EXIT_CLEAN });
    const { far: limited } = addressesOf(lab.plan, { kind: 'router', name: 'r2.1' });
    expect(record.rejected.map(({ cause }) => cause)).toEqual(['icmp-rate-limit']);
    expect(limited).toContain(record.rejected[0]?.where);
    await expectTruePaths(lab, record, { unseen: Object.keys(routers) });
  });

  it('for a target that drops all probes in silence', async ({ open }) => {
    const lab = await open(FABRIC, { family, target: { answer: 'drop' } });
    // Ends by itself in six seconds; two would be too few to measure the routers.
    const run = await isolateIn(lab, { seed: SEED, flags: ['--max-time', '40s'] });
    const verdict = 'target-unreachable';
    expect(verdictOf(run)).toEqual({ verdict, status: EXIT_LOSS, suspects: 0 });
    await expectTruePaths(lab, run.record);
  });
});

describe.concurrent('an isolate run', () => {
  const lossy = { link: ['r2.1', 'r3.2'], forwardLoss: 0.2 } as const;

  it('writes a document with every key', async ({ open }) => {
    const lab = await open(FABRIC, { faults: [lossy] });
    const { record, stderr } = await isolateIn(lab, { seed: SEED, flags: CONFIDENT });
    const { suspects, flows, measurement } = record;
    expect(stderr).toBe('');
    expect(Object.keys(record).sort()).toEqual(KEYS.record);
    expect(suspects.map((each) => Object.keys(each).sort())).toEqual([KEYS.suspect]);
    expect(Object.keys(flows[0] ?? {}).sort()).toEqual(KEYS.flow);
    expect(Object.keys(measurement).sort()).toEqual(KEYS.measurement);
    expect(measurement).toMatchObject({ socketDrops: 0, sendErrors: 0, malformed: 0 });
  });

  it('that is interrupted tells what it knows', async ({ open }) => {
    const lab = await open(FABRIC, {});
    const packets = await watchProbes(lab, { count: 500 });
    const { child, over } = startIsolate(lab, { seed: SEED });
    await packets.seen;
    child.kill('SIGINT');
    const { status, record } = await over;
    expect(status).toBe(EXIT_INTERRUPTED);
    expect(record).toMatchObject({ partial: true, stopReason: 'interrupted', suspects: [] });
    expect(Object.keys(record).sort()).toEqual(KEYS.record);
    await expectTruePaths(lab, record);
    expect(await processesIn(lab)).toBe('');
  });

  it('leaves the ports of another alone, and both are right', async ({ open }) => {
    const lab = await open(FABRIC, { faults: [lossy] });
    const packets = await watchProbes(lab, { count: 1 });
    const first = startIsolate(lab, { seed: 1, flags: LESS_CONFIDENT });
    await packets.seen;
    const runs = await Promise.all([
      first.over,
      isolateIn(lab, { seed: 2, flags: LESS_CONFIDENT }),
    ]);
    for (const { record } of runs) {
      expect(record.verdict, record.summary).toBe('loss-located');
      expect(isNamed(lab.plan, record, truthOf(lossy)), record.summary).toBe(true);
      await expectTruePaths(lab, record);
    }
    const [one, other] = runs.map(({ record }) => record);
    expect(one?.measurement.skippedPorts).toEqual([]);
    expect(other?.measurement.skippedPorts).toEqual(one?.flows.map((flow) => flow.sourcePort));
    expect(await processesIn(lab)).toBe('');
  });
});

/** Names every key of a type, or it does not compile. */
/** Of keys that may be left out, none: they tell of runs with several classes. */
type RequiredKey<T> = {
  [Key in keyof T]-?: undefined extends { [K in Key]: T[K] }[Key] ? never : Key;
}[keyof T];

function keysOf<T>(keys: Readonly<Record<RequiredKey<T>, 1>>): string[] {
  return Object.keys(keys).sort();
}

function verdictOf({ status, record }: IsolateRun) {
  return { verdict: record.verdict, status, suspects: record.suspects.length };
}

function truthOf({ link, router = '', forwardLoss = 0 }: ScenarioFault): TrueFault {
  if (link === 'any') throw new RangeError('the truth is one place');
  if (link === undefined) {
    return { place: { kind: 'router', name: router }, lossRatio: forwardLoss };
  }
  return { place: { kind: 'link', near: link[0], far: link[1] }, lossRatio: forwardLoss };
}

async function expectTruePaths(
  lab: NamespaceLab,
  record: IsolateRecord,
  gaps: PathGaps = {},
): Promise<void> {
  expect(strangersIn(record, lab.plan)).toEqual([]);
  expect(await pathErrors(lab, record, gaps)).toEqual([]);
  expect(record.flows).toHaveLength(64);
  expect(record.measurement).toMatchObject({ socketDrops: 0, malformed: 0 });
}

/** Process ids in the source's namespace, a line each. */
function processesIn(lab: NamespaceLab): Promise<string> {
  return runSuccessfully(['ip', 'netns', 'pids', lab.namespaceOf(SOURCE)]);
}
