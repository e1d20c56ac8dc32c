/** A scenario as text: its graph by next hops, what is wrong with it, what ought to be found. */

import { nameRuns } from '../lib/name-runs.ts';
import type { ScenarioSummary } from '../model/scenario-summary.ts';
import { type Paint, plainPaint } from './paint.ts';
import { counted, wrap } from './wrap.ts';

/** A scenario and the name by which it was asked for. */
export interface DescribedScenario extends ScenarioSummary {
  readonly name: string;
}

const GRAPH_LINES_MAX = 60;
const ANSWERS: Readonly<Record<string, string>> = {
  refuse: 'resets connections',
  accept: 'accepts connections',
  drop: 'says nothing',
};

/** The whole text, with a line break at its end. */
export function formatScenarioText(
  scenario: DescribedScenario,
  { width, paint = plainPaint }: { readonly width: number; readonly paint?: Paint },
): string {
  const { name, shows, family, seed, flows, target, truth } = scenario;
  const hops =
    flows.hopsMin === flows.hopsMax ? `${flows.hopsMin}` : `${flows.hopsMin}–${flows.hopsMax}`;
  const size = `${counted(scenario.routers, 'router')}, ${counted(scenario.links, 'link')}`;
  const length = `${hops} ${hops === '1' ? 'hop' : 'hops'}`;
  const paths = `${flows.count} flows take ${counted(flows.paths, 'path')} of ${length}`;
  const blamed = truth.suspects.map(
    ({ place, flowsAcross }) => `${place}, which ${flowsAcross} of ${flows.count} flows cross`,
  );
  const verdict = blamed.length === 0 ? truth.verdict : `${truth.verdict}: ${blamed.join('; ')}`;
  const lines = [
    ...wrap(`${name}: ${shows}`, { width }).map(paint.strong),
    '',
    ...wrap(`${size}; ${paths} (IPv${family}, seed ${seed}).`, { width }),
    ...graphLines(scenario.nextHops, width),
    '',
    ...section('Loss', scenario.faults, width),
    ...section('Also', scenario.traits, width),
    ...section(
      'Target',
      [`port ${target.port}; it ${ANSWERS[target.answer] ?? target.answer}`],
      width,
    ),
    ...section('Truth', [verdict], width),
    ...section('Doubt', scenario.doubts, width).map(paint.bad),
  ];
  return `${lines.join('\n')}\n`;
}

/** Neighbours in the list with the same next hops share a line. */
function graphLines(nextHops: DescribedScenario['nextHops'], width: number): string[] {
  const groups: { nodes: string[]; to: readonly string[] }[] = [];
  for (const { node, to } of nextHops) {
    const last = groups.at(-1);
    if (last !== undefined && last.to.join(' ') === to.join(' ')) last.nodes.push(node);
    else groups.push({ nodes: [node], to });
  }
  const lines = groups
    .slice(0, GRAPH_LINES_MAX)
    .flatMap(({ nodes, to }) =>
      wrap(`${nameRuns(nodes)} → ${nameRuns(to)}`, { width, indent: '  ', hanging: '      ' }),
    );
  const hidden = groups.length - GRAPH_LINES_MAX;
  return hidden > 0 ? [...lines, `  … and ${hidden} more lines`] : lines;
}

function section(title: string, sentences: readonly string[], width: number): string[] {
  const indent = `${title}:`.padEnd(8);
  return sentences.flatMap((sentence, i) =>
    wrap(sentence, { width, indent: i === 0 ? indent : ' '.repeat(8), hanging: ' '.repeat(8) }),
  );
}
