/** The figures of the localisation bench as text. */

import { aligned } from '../aligned.ts';
import { calibrationOf, type Statement } from './calibration.ts';
import { type Figures, figuresOf, foundFaults, medianOf, quantileOf, shareOf } from './figures.ts';
import { type Goal, isSingleForward, statementsOf } from './goals.ts';
import type { SequentialResult } from './sequential.ts';
import type { TrialResult } from './trial.ts';

const COLUMNS: readonly { title: string; text: (figures: Figures) => string }[] = [
  { title: 'worlds', text: ({ worlds }) => String(worlds) },
  { title: 'strict', text: ({ strictRecall }) => percent(strictRecall) },
  { title: 'oracle', text: ({ oracleRecall }) => percent(oracleRecall) },
  { title: 'lenient', text: ({ lenientRecall }) => percent(lenientRecall) },
  { title: 'all', text: ({ allFound }) => percent(allFound) },
  { title: 'precise', text: ({ precision }) => percent(precision) },
  { title: 'wrong/run', text: ({ wrongPerRun }) => wrongPerRun.toFixed(2) },
  { title: 'alarmed', text: ({ alarmed }) => percent(alarmed) },
  { title: 'CI95', text: ({ intervalCoverage }) => percent(intervalCoverage) },
  { title: 'q error', text: ({ relativeError }) => percent(relativeError) },
  { title: 'credible', text: ({ credibleCoverage }) => percent(credibleCoverage) },
  { title: 'groups', text: ({ credibleGroups }) => fixed(credibleGroups) },
  { title: 'class', text: ({ classSize }) => fixed(classSize) },
  { title: 'ms', text: ({ inferenceMs }) => inferenceMs.toFixed(0) },
  { title: '| any', text: ({ ancestor }) => `| ${percent(ancestor.strictRecall)}` },
  { title: 'wrong/run', text: ({ ancestor }) => ancestor.wrongPerRun.toFixed(1) },
  { title: 'vote', text: ({ ancestorVote }) => percent(ancestorVote.strictRecall) },
  { title: 'alarmed', text: ({ ancestorVote }) => percent(ancestorVote.alarmed) },
];

/** A row for each kind, and one for all kinds with a single fault on the way out. */
export function formatTable(results: readonly TrialResult[]): string {
  const kinds = [...new Set(results.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => [kind, results.filter((each) => each.kind === kind)] as const);
  const single = results.filter(({ kind }) => isSingleForward(kind));
  const groups = single.length > 0 ? [...rows, ['13 kinds', single] as const] : rows;
  const cells = [
    ['kind', ...COLUMNS.map(({ title }) => title)],
    ...groups.map(([name, group]) => {
      const figures = figuresOf(group);
      return [name, ...COLUMNS.map(({ text }) => text(figures))];
    }),
  ];
  return aligned(cells);
}

export function formatCalibration(results: Parameters<typeof statementsOf>[0]): string {
  return calibrationTable(statementsOf(results));
}

/** Stated probabilities beside the share that is right, by bins. */
export function calibrationTable(statements: readonly Statement[]): string {
  const { bins, expectedError } = calibrationOf(statements);
  const rows = bins.map(({ low, high, cases, right, statedMean, interval }) => [
    `${low}–${Math.min(1, high)}`,
    String(cases),
    statedMean.toFixed(4),
    (right / cases).toFixed(4),
    `${interval[0].toFixed(3)}–${interval[1].toFixed(3)}`,
  ]);
  const table = aligned([['probability', 'cases', 'stated', 'right', '99 % interval'], ...rows]);
  return `${table}\nexpected calibration error ${expectedError.toFixed(4)}`;
}

export function formatGoals(goals: readonly Goal[]): string {
  return goals
    .map(({ text, value, bound, sense, isMet }) => {
      const verdict = isMet === undefined ? 'none' : isMet ? 'pass' : 'FAIL';
      return `${verdict}  ${text}: ${value.toFixed(3)} (${sense} ${bound})`;
    })
    .join('\n');
}

export function formatTimes(results: readonly TrialResult[]): string {
  const inference = results.map(({ inferenceMs }) => inferenceMs);
  const sampling = results.map(({ sampleMs }) => sampleMs);
  return [
    `inference: median ${medianOf(inference).toFixed(0)} ms, most ${Math.max(...inference).toFixed(0)} ms`,
    `drawing and sampling: median ${medianOf(sampling).toFixed(0)} ms, most ${Math.max(...sampling).toFixed(0)} ms`,
  ].join('\n');
}

/**
 * How often faults struck at all, in percent: one that struck once, or never, nobody can tell from a
 * healthy link that lost a burst.
 */
export function formatStrikes(results: readonly TrialResult[]): string {
  const single = results.filter(({ kind }) => isSingleForward(kind));
  const kinds = [...new Set(single.map(({ kind }) => kind))];
  const rows = [...kinds, 'together'].map((name) => {
    const group = single.filter(({ kind }) => kind === name || name === 'together');
    const struck = group.flatMap(({ strikes }) => strikes);
    return [
      name,
      String(struck.length),
      ...(['never', 'once', 'apart'] as const).map((how) =>
        percent(shareOf(struck.map((each) => each === how))),
      ),
      percent(shareOf(group.flatMap(({ detectable }) => detectable))),
      percent(shareOf(group.flatMap(foundFaults))),
    ];
  });
  return aligned([['kind', 'faults', 'never', 'once', 'apart', 'oracle', 'named'], ...rows]);
}

/** What is stated as surely as anything ever is. */
const SURE = 0.99;

/**
 * Runs that stop when they are sure, by kind, and all with a single fault on the way out. The oracle
 * is told the place and has the counts that the run gathered; `across` are the probes that tell
 * of the fault, the median.
 */
export function formatSequential(results: readonly SequentialResult[]): string {
  const kinds = [...new Set(results.map(({ kind }) => kind))];
  const single = results.filter(({ kind }) => isSingleForward(kind));
  const groups = [
    ...kinds.map((kind) => [kind, results.filter((each) => each.kind === kind)] as const),
    ...(single.length > 0 ? [['together', single] as const] : []),
  ];
  const rows = groups.map(([kind, group]) => {
    const seconds = group.map((each) => each.seconds);
    const probes = group.map((each) => each.probes);
    const wrong = group.flatMap(({ losses }) => losses.filter(({ fault }) => fault === -1));
    const stops = new Map<string, number>();
    for (const { stopReason } of group) stops.set(stopReason, (stops.get(stopReason) ?? 0) + 1);
    return [
      kind,
      String(group.length),
      percent(shareOf(group.flatMap(foundFaults))),
      percent(shareOf(group.flatMap(({ detectable }) => detectable))),
      medianOf(group.flatMap(({ evidence }) => evidence)).toFixed(0),
      percent(1 - wrong.length / group.flatMap(({ losses }) => losses).length),
      percent(shareOf(group.map(({ losses }) => losses.some(({ fault }) => fault === -1)))),
      String(wrong.filter(({ probability }) => probability >= SURE).length),
      medianOf(seconds).toFixed(1),
      quantileOf(seconds, 0.9).toFixed(1),
      medianOf(probes).toFixed(0),
      percent(medianOf(group.map((each) => each.probes / each.plannedProbes))),
      [...stops].map(([reason, count]) => `${count} ${reason}`).join(' '),
    ];
  });
  const titles = [
    'kind',
    'worlds',
    'strict',
    'oracle',
    'across',
    'precise',
    'alarmed',
    'wrong at .99',
    'median s',
    'p90 s',
    'probes',
    '% of plan',
  ];
  return aligned([[...titles, 'stopped'], ...rows]);
}

function percent(ratio: number): string {
  return Number.isNaN(ratio) ? '–' : (100 * ratio).toFixed(1);
}

function fixed(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2);
}
