/** The figures of the accuracy bench as text: a table, the goals, and every wrong trial. */

import type { IpFamily } from '../src/lib/ip-address.ts';
import type { Place } from '../src/sim/scenario.ts';
import type { Judgement, Outcome } from './accuracy-trial.ts';

export interface Measured {
  readonly outcomes: readonly Outcome[];
  readonly starts: readonly { readonly family: IpFamily; readonly startsMs: readonly number[] }[];
}

interface LevelGoal {
  readonly lossPercent: number;
  readonly rightShare?: number;
  readonly medianMs: number;
}

interface Goal {
  readonly text: string;
  readonly isMet: boolean;
}

/** The share of trials to get right, and the median time to do so. */
const LEVEL_GOALS: readonly LevelGoal[] = [
  { lossPercent: 20, rightShare: 23 / 24, medianMs: 5_000 },
  { lossPercent: 5, rightShare: 23 / 24, medianMs: 10_000 },
  { lossPercent: 2, rightShare: 23 / 24, medianMs: 20_000 },
  { lossPercent: 100, medianMs: 5_000 },
];
const FIRST_PACKET_MS = 400;
const PEAK_MEMORY_MIB = 150;
const HEADER = ['family', 'loss', 'right', 'median s', 'max s', 'probes', 'verdicts'];

/** Everything there is to say. */
export function formatReport(measured: Measured): string {
  const { outcomes } = measured;
  const wrong = outcomes.filter(({ judgement }) => judgement === 'wrong');
  const besides = outcomes.filter(({ judgement }) => ['cut', 'at-target'].includes(judgement));
  const chatty = outcomes.filter(
    ({ run, judgement }) => judgement !== 'wrong' && run.record.suspects.length > 1,
  );
  const unwell = outcomes.filter(({ run }) => {
    const { socketDrops, sendErrors, foreignReplies, malformed } = run.record.measurement;
    return socketDrops + sendErrors + foreignReplies + malformed > 0;
  });
  return [
    tableOf(outcomes),
    ...section('Goals', goalsOf(measured).map(goalLine)),
    ...section(
      'Right by verdict alone, as one end of the network can tell no more',
      besides.map(caseText),
    ),
    ...section('Right, but with more suspects', chatty.map(caseText)),
    ...section('Trouble on our own host', unwell.map(healthText)),
    ...section('Wrong', wrong.map(caseText)),
  ].join('\n');
}

/** How many goals are missed. */
export function unmetGoals(measured: Measured): number {
  return goalsOf(measured).filter(({ isMet }) => !isMet).length;
}

function tableOf(outcomes: readonly Outcome[]): string {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const { family, lossPercent } = outcome.trial;
    const key = `IPv${family} ${lossPercent === 0 ? 'none' : `${lossPercent}%`}`;
    groups.set(key, [...(groups.get(key) ?? []), outcome]);
  }
  const rows = [...groups].map(([key, group]) => [...key.split(' '), ...figuresOf(group)]);
  const widths = HEADER.map((title, column) =>
    Math.max(...[HEADER, ...rows].map((row) => (row[column] ?? title).length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [HEADER, ...rows].map(line).join('\n');
}

function figuresOf(group: readonly Outcome[]): string[] {
  const durationsMs = group.map(({ run }) => run.record.durationMs);
  const verdicts = new Map<string, number>();
  for (const { run } of group) {
    verdicts.set(run.record.verdict, (verdicts.get(run.record.verdict) ?? 0) + 1);
  }
  return [
    `${rightOf(group)}/${group.length}`,
    seconds(medianOf(durationsMs)),
    seconds(Math.max(...durationsMs)),
    String(Math.round(medianOf(group.map(({ run }) => run.record.probesSent)))),
    [...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', '),
  ];
}

function goalsOf({ outcomes, starts }: Measured): Goal[] {
  const levels = LEVEL_GOALS.flatMap((goal) => {
    const group = outcomes.filter(({ trial }) => trial.lossPercent === goal.lossPercent);
    return group.length === 0 ? [] : goalsOfLevel(group, goal);
  });
  const clean = outcomes.filter(({ trial }) => trial.lossPercent === 0);
  const alarms = clean.length - rightOf(clean);
  const peakMib = Math.max(...outcomes.map(({ peakMemoryKib }) => peakMemoryKib)) / 1024;
  return [
    ...levels,
    ...(clean.length === 0
      ? []
      : [{ text: `no false alarm: ${alarms} in ${clean.length} clean runs`, isMet: alarms === 0 }]),
    ...starts.map(({ family, startsMs }) => startGoal(family, startsMs)),
    {
      text: `peak memory at most ${PEAK_MEMORY_MIB} MiB: ${peakMib.toFixed(0)} MiB`,
      isMet: peakMib <= PEAK_MEMORY_MIB,
    },
  ];
}

function goalsOfLevel(
  group: readonly Outcome[],
  { lossPercent, rightShare, medianMs }: LevelGoal,
): Goal[] {
  const where = `at ${lossPercent} %`;
  const median = medianOf(group.map(({ run }) => run.record.durationMs));
  const time = {
    text: `median time ${where} at most ${seconds(medianMs)} s: ${seconds(median)} s`,
    isMet: median <= medianMs,
  };
  if (rightShare === undefined) return [time];
  const wanted = Math.ceil(rightShare * group.length - 1e-9);
  const right = rightOf(group);
  const text = `at least ${wanted} of ${group.length} right ${where}: ${right}`;
  return [{ text, isMet: right >= wanted }, time];
}

function startGoal(family: IpFamily, startsMs: readonly number[]): Goal {
  const median = medianOf(startsMs);
  const range = `${Math.min(...startsMs).toFixed(0)} to ${Math.max(...startsMs).toFixed(0)}`;
  const goal = `first packet of IPv${family} after at most ${FIRST_PACKET_MS} ms`;
  return {
    text: `${goal}: median ${median.toFixed(0)} ms (${range})`,
    isMet: median <= FIRST_PACKET_MS,
  };
}

function goalLine({ text, isMet }: Goal): string {
  return `${isMet ? 'pass' : 'FAIL'}  ${text}`;
}

function caseText(outcome: Outcome): string {
  const { name, seed, fault, struck, flowsAcross, hasDetour, redrawn, run, judgement } = outcome;
  const { record, status } = run;
  const what = fault === undefined ? 'nothing wrong' : `${fault.kind} ${placeText(fault.place)}`;
  const loss = struck === undefined ? '' : `, dropped ${struck.dropped} of ${struck.atRisk}`;
  const detour = hasDetour ? ', with detour' : '';
  const drawn = redrawn > 0 ? `, ${redrawn} places redrawn` : '';
  const truth = `${what}, ${flowsAcross} flows${loss}${detour}${drawn}`;
  const { verdict, stopReason, durationMs } = record;
  return [
    `${name} (seed ${seed}): ${judgement}. Truth: ${truth}`,
    `    exit ${status}, ${verdict}, stopped for ${stopReason} after ${seconds(durationMs)} s`,
    `    ${record.summary}`,
    ...record.suspects.slice(1).map((each) => `    also: ${JSON.stringify(each)}`),
  ].join('\n');
}

function healthText({ name, run }: Outcome): string {
  return `${name}: ${JSON.stringify(run.record.measurement)}`;
}

function placeText(place: Place): string {
  return place.kind === 'router' ? place.name : `${place.near} → ${place.far}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

const NOT_WRONG: ReadonlySet<Judgement> = new Set(['right', 'cut', 'at-target']);

function rightOf(group: readonly Outcome[]): number {
  return group.filter(({ judgement }) => NOT_WRONG.has(judgement)).length;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
