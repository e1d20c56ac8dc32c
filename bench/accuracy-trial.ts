/**
 * One trial of the accuracy bench: a fabric on the kernel with one thing wrong at a random place,
 * one run of the program, and whether it named that place.
 */

import type { IpFamily } from '../src/lib/ip-address.ts';
import { Random } from '../src/lib/random.ts';
import type { IsolateRecord } from '../src/model/isolate-record.ts';
import { type Place, parseScenario, type Scenario } from '../src/sim/scenario.ts';
import { SOURCE, TARGET } from '../src/sim/topology.ts';
import { type IsolateRun, isNamed, isolateIn } from '../test/lab/isolate-run.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';

/** A router on transit, the wire into a router, or the way out of a router to one next hop. */
export type FaultKind = 'router' | 'link' | 'egress';

export interface Trial {
  readonly family: IpFamily;
  /** Of the fault, 0 to 100; 0 for a clean network. */
  readonly lossPercent: number;
  /** From 0 on, among those of this family and loss. */
  readonly index: number;
  readonly baseSeed: number;
}

/**
 * `cut`: the fault is on every path, so that nobody behind it answers, and the verdict says so.
 * `at-target`: only the target can show the loss, which the verdict says.
 */
export type Judgement = 'right' | 'at-target' | 'cut' | 'wrong';

export interface Outcome {
  readonly trial: Trial;
  /** As `--only` takes it. */
  readonly name: string;
  readonly seed: number;
  readonly hasDetour: boolean;
  readonly fault: { readonly kind: FaultKind; readonly place: Place } | undefined;
  /** What the kernel saw of it. */
  readonly struck: { readonly atRisk: number; readonly dropped: number } | undefined;
  /** Of all flows, by the routers' own tables. */
  readonly flowsAcross: number;
  /** Places passed over because no flow crossed them. */
  readonly redrawn: number;
  readonly run: IsolateRun;
  readonly peakMemoryKib: number;
  readonly judgement: Judgement;
}

const WIDTHS = [1, 4, 4, 1];
const DETOURS = ['r3.2'];
const KINDS: readonly FaultKind[] = ['router', 'link', 'egress'];
/** Those of the program's defaults. */
const PORTS: readonly number[] = Array.from({ length: 64 }, (_, i) => 32_768 + i);
const RATIO_STEPS = 1_000_000;
const EXIT_LOSS = 2;

/** Says the peak of resident memory at its end; `maxRSS` would count what came before exec. */
const REPORTER = `
import { readFileSync } from 'node:fs';
process.on('exit', () => {
  const [peak] = /VmHWM:.*/.exec(readFileSync('/proc/self/status', 'utf8'));
  process.stderr.write(peak + '\\n');
});`;
const REPORT_MEMORY = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(REPORTER)}`,
};

/** `4-20-7`: IPv4, 20 % loss, the eighth. */
export function nameOf({ family, lossPercent, index }: Trial): string {
  return `${family}-${lossPercent}-${index}`;
}

/** Decimal digits tell them apart: base, family, loss (three), index (two). */
export function seedOf({ family, lossPercent, index, baseSeed }: Trial): number {
  return ((baseSeed * 10 + family) * 1000 + lossPercent) * 100 + index;
}

/** Builds the network, runs the program, and judges. */
export async function runTrial(trial: Trial): Promise<Outcome> {
  const random = new Random(seedOf(trial));
  for (let redrawn = 0; ; redrawn++) {
    const outcome = await tryPlace(trial, random, redrawn);
    if (outcome !== undefined) return outcome;
  }
}

/** Undefined when no flow crosses the place that was drawn, so that nobody could find it. */
async function tryPlace(
  trial: Trial,
  random: Random,
  redrawn: number,
): Promise<Outcome | undefined> {
  const seed = seedOf(trial);
  const hasDetour = Math.floor(trial.index / KINDS.length) % 2 === 1;
  const what = { fabric: { widths: WIDTHS, ...(hasDetour ? { detours: DETOURS } : {}) } };
  const fault = drawFault(trial, what, random);
  const { lab } = await labFor(what, {
    family: trial.family,
    seed,
    faults: fault === undefined ? [] : plannedFaults(fault, trial),
  });
  try {
    const flowsAcross = fault === undefined ? 0 : await countAcross(lab, fault.place);
    if (fault !== undefined && flowsAcross === 0) return undefined;
    if (fault?.kind === 'egress') await breakEgress(lab, fault.place, trial.lossPercent / 100);
    const run = await isolateIn(lab, { seed, env: REPORT_MEMORY });
    return {
      trial,
      name: nameOf(trial),
      seed,
      hasDetour,
      fault,
      struck: fault === undefined ? undefined : await countsOf(lab, fault),
      flowsAcross,
      redrawn,
      run,
      peakMemoryKib: Number(/VmHWM:\s*(\d+) kB/.exec(run.stderr)?.[1]),
      judgement: judge(trial, { lab, fault, run }),
    };
  } finally {
    await lab.close();
  }
}

function drawFault(
  { index, lossPercent }: Trial,
  what: object,
  random: Random,
): Outcome['fault'] | undefined {
  if (lossPercent === 0) return undefined;
  const kind = KINDS[index % KINDS.length] ?? 'router';
  const { links, routers } = scenarioOf(what);
  if (kind === 'router') {
    const name = routers[random.below(routers.length)]?.name ?? '';
    return { kind, place: { kind: 'router', name } };
  }
  // What a host drops on its own way out its sockets get to know: that is no loss of the network.
  const drawable = kind === 'link' ? links : links.filter((link) => link.near !== SOURCE);
  const { near = '', far = '' } = drawable[random.below(drawable.length)] ?? {};
  return { kind, place: { kind: 'link', near, far } };
}

function scenarioOf(what: object): Scenario {
  return parseScenario({ ...what, shows: 'the bench', truth: { verdict: 'inconclusive' } });
}

function plannedFaults(fault: NonNullable<Outcome['fault']>, { lossPercent }: Trial) {
  const forwardLoss = lossPercent / 100;
  if (fault.kind === 'egress') return [];
  const { place } = fault;
  return place.kind === 'router'
    ? [{ router: place.name, forwardLoss }]
    : [{ link: [place.near, place.far] as const, forwardLoss }];
}

async function countAcross(lab: NamespaceLab, place: Place): Promise<number> {
  const query = { sourcePorts: PORTS, destinationPort: lab.plan.target.port };
  const routes = await lab.truth(lab.plan.family, query);
  const isAcross = (route: readonly string[]): boolean => {
    const nodes = [SOURCE, ...route, TARGET];
    if (place.kind === 'router') return nodes.includes(place.name);
    return nodes.some((near, i) => near === place.near && nodes[i + 1] === place.far);
  };
  return [...routes.values()].filter(isAcross).length;
}

/** Drops what leaves the near end, after its TTL check and its choice of the way. */
async function breakEgress(lab: NamespaceLab, place: Place, lossRatio: number): Promise<void> {
  if (place.kind === 'router') throw new RangeError('a way out is a link');
  const target = lab.plan.target.address;
  const steps = Math.round(lossRatio * RATIO_STEPS);
  const drops = lossRatio === 1 ? '' : `numgen random mod ${RATIO_STEPS} < ${steps}`;
  const input = `table inet bench {
    counter at-risk { }
    counter dropped { }
    chain lose { counter name "at-risk"; ${drops} counter name "dropped" drop; }
    chain departure {
      type filter hook postrouting priority filter;
      oifname "to-${place.far}" ip daddr ${target[4]} jump lose
      oifname "to-${place.far}" ip6 daddr ${target[6]} jump lose
    }
  }\n`;
  const { status, stderr } = await lab.exec(place.near, ['nft', '-f', '-'], { input });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
}

async function countsOf(
  lab: NamespaceLab,
  { kind, place }: NonNullable<Outcome['fault']>,
): Promise<Outcome['struck']> {
  if (kind !== 'egress' || place.kind === 'router') return (await lab.dropCounters())[0];
  const argv = ['nft', 'list', 'counters', 'table', 'inet', 'bench'];
  const { stdout } = await lab.exec(place.near, argv);
  const count = (name: string): number =>
    Number(new RegExp(`counter ${name} \\{\\s*packets (\\d+)`).exec(stdout)?.[1]);
  return { atRisk: count('at-risk'), dropped: count('dropped') };
}

function judge(
  { lossPercent }: Trial,
  found: { lab: NamespaceLab; fault: Outcome['fault']; run: IsolateRun },
): Judgement {
  const { lab, fault, run } = found;
  const { status, record } = run;
  if (fault === undefined) {
    return record.verdict === 'no-loss' && status === 0 ? 'right' : 'wrong';
  }
  const { place } = fault;
  if (lossPercent === 100 && isCut(lab, place, record)) return 'cut';
  if (record.verdict === 'target-loss' && isLast(lab, place)) return 'at-target';
  const isRight = isNamed(lab.plan, record, { place, lossRatio: lossPercent / 100 });
  return isRight && status === EXIT_LOSS ? 'right' : 'wrong';
}

/** Nothing behind such a place answers, whoever is asked: to say so is all that one can do. */
function isCut({ plan }: NamespaceLab, place: Place, { verdict }: IsolateRecord): boolean {
  const [first, last] = [farOf(plan, SOURCE), nearOf(plan, TARGET)];
  if (place.kind === 'link' && place.near === SOURCE) return verdict === 'inconclusive';
  const isOnAll =
    place.kind === 'router' ? place.name === first || place.name === last : place.far === TARGET;
  return isOnAll && verdict === 'target-unreachable';
}

function isLast({ plan }: NamespaceLab, place: Place): boolean {
  return place.kind === 'router' ? place.name === nearOf(plan, TARGET) : place.far === TARGET;
}

function nearOf({ links }: NamespaceLab['plan'], far: string): string | undefined {
  return links.find((link) => link.far === far)?.near;
}

function farOf({ links }: NamespaceLab['plan'], near: string): string | undefined {
  return links.find((link) => link.near === near)?.far;
}
