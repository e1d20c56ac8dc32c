import { expect, test } from 'vitest';
import { type DescribedScenario, formatScenarioText } from './scenario-text.ts';

const SCENARIO: DescribedScenario = {
  name: 'a-name',
  shows: 'What it shows.',
  family: 6,
  seed: 3,
  routers: 5,
  links: 1,
  nextHops: [
    { node: 'source', to: ['r1.0'] },
    { node: 'r1.0', to: ['r2.8', 'r2.9', 'r2.10', 'x2.1'] },
    { node: 'r2.8', to: ['target'] },
    { node: 'r2.9', to: ['target'] },
  ],
  faults: ['the router r1.0 loses 5% of packets towards the target'],
  traits: ['the router r2.9 never answers'],
  target: { port: 22, answer: 'refuse' },
  truth: { verdict: 'loss-located', suspects: [{ place: 'the router r1.0', flowsAcross: 64 }] },
  flows: { count: 64, paths: 2, hopsMin: 4, hopsMax: 5 },
  doubts: ['something is odd'],
};

test('everything is told, with runs of routers by their ends', () => {
  expect(formatScenarioText(SCENARIO, { width: Number.POSITIVE_INFINITY })).toBe(`\
a-name: What it shows.

5 routers, 1 link; 64 flows take 2 paths of 4–5 hops (IPv6, seed 3).
  source → r1.0
  r1.0 → r2.8…r2.10, x2.1
  r2.8, r2.9 → target

Loss:   the router r1.0 loses 5% of packets towards the target
Also:   the router r2.9 never answers
Target: port 22; it resets connections
Truth:  loss-located: the router r1.0, which 64 of 64 flows cross
Doubt:  something is odd
`);
});

test('lines fit the width', () => {
  const text = formatScenarioText(SCENARIO, { width: 40 });
  expect(text.split('\n').filter((line) => line.length > 40)).toEqual([]);
  expect(text).toContain('\n        packets towards the target\n');
});

test('what is not there takes no room, and a huge graph is cut', () => {
  const nextHops = Array.from({ length: 100 }, (_, i) => ({ node: `r${i}`, to: [`s${i}`] }));
  const plain = { ...SCENARIO, nextHops, faults: [], traits: [], doubts: [] };
  const truth: DescribedScenario['truth'] = { verdict: 'no-loss', suspects: [] };
  const text = formatScenarioText({ ...plain, truth }, { width: 80 });
  expect(text).toContain('  r59 → s59\n  … and 40 more lines\n\nTarget: ');
  expect(text).toContain('Truth:  no-loss\n');
});
