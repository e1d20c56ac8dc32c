/**
 * How long one trace over eight hops takes where a round trip is 20 ms: the whole process, beside
 * other programs in the same network, and a call of the library. Needs root, cc, and for the
 * others traceroute, mtr and scamper. dublin-traceroute is left out: that of Debian 12 (0.4.2)
 * aborts in a network namespace.
 * Usage: node bench/run.mjs trace-latency [ROUNDS]
 */

import { fileURLToPath } from 'node:url';
import { isReply, type TraceRecord } from '../src/model/trace-record.ts';
import { SOURCE } from '../src/sim/topology.ts';
import { CLI } from '../test/lab/isolate-run.ts';
import { addRules } from '../test/lab/lab-nuisances.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';
import { median } from './measured-cost.ts';
import { delayLink } from './trace-lab/delayed-lab.ts';

const TRACED = fileURLToPath(new URL('../test/lab/fixtures/traced.mjs', import.meta.url));
const CHAIN = { fabric: { widths: [1, 1, 1, 1, 1, 1, 1] } };
const DELAY_US = 10_000;
const OPTIONS = { names: false, queries: 1 };
const FIRST_PORT = 33_434;
const LIBRARY_RUNS = 9;
const TIMED = ['bash', '-c', 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null', 'bash'];
const COMMANDS: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: 'fantrace trace -n -q1', argv: [process.execPath, CLI, 'trace', '-n', '-q1'] },
  { name: 'traceroute -n -q1', argv: ['traceroute', '-n', '-q1'] },
  { name: 'scamper -c trace', argv: ['scamper', '-c', 'trace', '-i'] },
  { name: 'mtr -rwn -c1', argv: ['mtr', '-rwn', '-c1'] },
];

/** Prints a line for each program, and for each kind of call. */
export async function main([rounds = '5']: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  const { lab } = await labFor(CHAIN, { family: 4 });
  try {
    await delayLink(lab, DELAY_US);
    await comparePrograms(lab, Number(rounds));
    await callLibrary(lab, 'library, 1 flow x 8 hops', [OPTIONS]);
    // At the default pace 16 x 30 probes take 24 ms to leave: here the wait is looked at, not that.
    const eager = { ...OPTIONS, maxTtl: 8, rate: 100_000, ratePerInterface: 100_000 };
    const flows = Array.from({ length: 16 }, (_, n) => ({ ...eager, port: FIRST_PORT + n }));
    await callLibrary(lab, 'library, 16 flows x 8 hops, hardly paced', flows);
    await addRules(lab, 'r4.0', {
      name: 'mute',
      hook: 'type filter hook output priority filter',
      rules: ['icmp type time-exceeded drop'],
    });
    await callLibrary(lab, 'library, 1 flow, the fourth hop silent', [OPTIONS]);
  } finally {
    await lab.close();
  }
  return 0;
}

async function comparePrograms(lab: NamespaceLab, rounds: number): Promise<void> {
  const wallMs = COMMANDS.map((): number[] => []);
  const cpuMs = COMMANDS.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { argv }] of COMMANDS.entries()) {
      const command = [...TIMED, ...argv, lab.plan.target.address[4]];
      const { stderr } = await lab.exec(SOURCE, command, { timeoutMs: 60_000 });
      const [wall = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '')
        .split(' ')
        .map(Number);
      wallMs[i]?.push(1000 * wall);
      cpuMs[i]?.push(1000 * (user + system));
    }
  }
  const ours = median(wallMs[0] ?? []);
  for (const [i, { name }] of COMMANDS.entries()) {
    const wall = median(wallMs[i] ?? []);
    const ratio = i === 0 ? '' : `, ${(wall / ours).toFixed(2)} times ours`;
    const cpu = `${median(cpuMs[i] ?? []).toFixed(0)} ms of CPU`;
    console.log(`${name}: ${wall.toFixed(0)} ms (${cpu})${ratio}`);
  }
}

async function callLibrary(
  lab: NamespaceLab,
  name: string,
  options: readonly object[],
): Promise<void> {
  const target = lab.plan.target.address[4];
  const argv = [process.execPath, TRACED, target, JSON.stringify(options), String(LIBRARY_RUNS)];
  const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 60_000 });
  if (stdout === '') throw new Error(stderr);
  const records = JSON.parse(stdout) as (TraceRecord & { readonly tookMs: number })[];
  const warm = records.slice(options.length); // the first call loads and opens what all need
  const rtts = warm.flatMap(({ hops }) =>
    hops.flatMap(({ replies }) => replies.filter(isReply).map(({ rttMs }) => rttMs)),
  );
  const took = median(warm.map(({ tookMs }) => tookMs));
  const over = (took - median(rtts)).toFixed(1);
  const silent = warm.flatMap(({ hops }) => hops.flatMap(({ replies }) => replies)).length;
  console.log(
    `${name}: ${took.toFixed(1)} ms, ${over} above the median round trip of ` +
      `${median(rtts).toFixed(1)} ms; ${rtts.length} of ${silent} probes answered`,
  );
}
