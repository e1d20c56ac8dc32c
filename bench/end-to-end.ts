/**
 * The three jobs as a user has them done, beside the programs of others: one trace, all paths, and
 * the link that drops a fifth of its packets, in one lab of kernel routers in one run. Needs root;
 * traceroute, mtr and scamper where they are to be compared.
 * Usage: node bench/run.mjs end-to-end [RUNS]
 */

import type { IsolateRecord } from '../src/model/isolate-record.ts';
import { SOURCE } from '../src/sim/topology.ts';
import { CLI, isNamed, isolateArgv } from '../test/lab/isolate-run.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { trueLinks } from '../test/lab/paths-truth.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';
import { prepareLab } from '../tools/lab-packages.mjs';
import { FigureList, median } from './measured-cost.ts';
import { type Found, fantrace, scamper } from './paths-lab.ts';
import { type TimedRun, timedIn } from './timed-command.ts';

/** No balancer at the first hop, where scamper would see none. */
const FABRIC = { fabric: { widths: [1, 1, 4, 4, 1] } };
const LOSSY = { link: ['r3.1', 'r4.2'], forwardLoss: 0.2 } as const;
const PLACE = { kind: 'link', near: LOSSY.link[0], far: LOSSY.link[1] } as const;
const PORT = 33_434;
/** A quarter of what the ancestor sends. */
const PROBES_GOAL = 7040;
const SECONDS_GOAL = 4;
const MTR_CYCLES = 100;
const TRACERS: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'fantrace trace -n -q1', argv: [process.execPath, CLI, 'trace', '-n', '-q1'] },
  { name: 'traceroute -n -q1', argv: ['traceroute', '-n', '-q1'] },
  { name: 'scamper -c trace', argv: ['scamper', '-c', 'trace', '-i'] },
  { name: 'mtr -rwn -c1', argv: ['mtr', '-rwn', '-c1'] },
];

/** Prints a line for each program and each figure. @returns 1 when a goal was missed */
export async function main([runs = '3']: readonly string[]): Promise<number> {
  const obstacle = prepareLab();
  if (obstacle !== undefined) {
    console.log(`end-to-end did not run: ${obstacle.obstacle}; ${obstacle.remedy}`);
    return 1;
  }
  if (!build({ ifNeeded: true })) return 1;
  const figures = new FigureList();
  const { lab } = await labFor(FABRIC, { family: 4, seed: 1, faults: [LOSSY] });
  try {
    await traces(lab, Number(runs));
    await paths(lab, Number(runs), figures);
    await isolation(lab, Number(runs), figures);
  } finally {
    await lab.close();
  }
  return figures.missed === 0 ? 0 : 1;
}

async function traces(lab: NamespaceLab, runs: number): Promise<void> {
  const outcomes = TRACERS.map((): TimedRun[] => []);
  for (let run = 0; run < runs; run++) {
    for (const [i, { argv }] of TRACERS.entries()) {
      const command = [...argv, lab.plan.target.address[4]];
      outcomes[i]?.push(await timedIn(lab, SOURCE, command));
    }
  }
  const ours = wallOf(outcomes[0] ?? []);
  for (const [i, { name }] of TRACERS.entries()) {
    const all = outcomes[i] ?? [];
    const ratio = i === 0 ? '' : `, ${(wallOf(all) / ours).toFixed(2)} times ours`;
    const processor = median(all.map(({ processorMs }) => processorMs)).toFixed(0);
    console.log(`  trace  ${name}: ${wallOf(all).toFixed(0)} ms, ${processor} of CPU${ratio}`);
  }
}

/** Scamper runs once: it may take a minute and more. */
async function paths(lab: NamespaceLab, runs: number, figures: FigureList): Promise<void> {
  const truth = await trueLinks(lab, { destinationPort: PORT });
  const described = ({ links, probes, ms }: Found): string => {
    const found = [...truth].filter((link) => links.has(link)).length;
    return `${found} of ${truth.size} links, ${probes} probes, ${(ms / 1000).toFixed(1)} s`;
  };
  const seconds: number[] = [];
  const missing: number[] = [];
  for (let run = 0; run < runs; run++) {
    const ours = await fantrace(lab, []);
    seconds.push(ours.ms / 1000);
    missing.push([...truth].filter((link) => !ours.links.has(link)).length);
    console.log(`  paths  ${described(ours)}`);
  }
  const theirs = await scamper(lab);
  console.log(`  paths  scamper tracelb: ${described(theirs)}`);
  const name = `paths: links missed of ${truth.size}, where one loses a fifth of its packets`;
  figures.add({ what: name, value: median(missing), unit: '', goal: 0, isGoalMost: true });
  figures.add({
    what: "paths: the time of scamper's tracelb over ours",
    value: theirs.ms / 1000 / median(seconds),
    unit: '×',
    goal: 1,
    isGoalMost: false,
  });
}

async function isolation(lab: NamespaceLab, runs: number, figures: FigureList): Promise<void> {
  const seconds: number[] = [];
  const probes: number[] = [];
  let named = 0;
  for (let run = 0; run < runs; run++) {
    const { stdout, wallMs } = await timedIn(lab, SOURCE, isolateArgv(lab.plan, { seed: run + 1 }));
    const record = JSON.parse(stdout) as IsolateRecord;
    if (isNamed(lab.plan, record, { place: PLACE, lossRatio: LOSSY.forwardLoss })) named++;
    seconds.push(wallMs / 1000);
    probes.push(record.probesSent);
    console.log(`  isolate  ${record.summary} ${(wallMs / 1000).toFixed(1)} s`);
  }
  await besideMtr(lab);
  const wrong = runs - named;
  figures.add({
    what: 'isolate: runs that did not name the link',
    value: wrong,
    unit: '',
    goal: 0,
    isGoalMost: true,
  });
  figures.add({
    what: 'isolate: a link that loses 20 %',
    value: median(seconds),
    unit: 's',
    goal: SECONDS_GOAL,
    isGoalMost: true,
  });
  figures.add({
    what: 'isolate: probes for that',
    value: median(probes),
    unit: '',
    goal: PROBES_GOAL,
    isGoalMost: true,
  });
}

/** What the usual way shows: loss of the one path that mtr's probes take, hop by hop. */
async function besideMtr(lab: NamespaceLab): Promise<void> {
  const argv = ['mtr', '-rwn', '-c', `${MTR_CYCLES}`, '-i', '0.05', lab.plan.target.address[4]];
  const { stdout, wallMs } = await timedIn(lab, SOURCE, argv);
  const hops = stdout
    .split('\n')
    .flatMap((line) => /^\s*(\d+)\.\S*\s+(\S+)\s+([\d.]+%)/.exec(line)?.slice(1).join(' ') ?? []);
  console.log(`  mtr, ${MTR_CYCLES} cycles, ${(wallMs / 1000).toFixed(1)} s: ${hops.join('; ')}`);
}

function wallOf(runs: readonly TimedRun[]): number {
  return median(runs.map(({ wallMs }) => wallMs));
}
