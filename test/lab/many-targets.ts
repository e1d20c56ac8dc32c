/**
 * Thousands of traces at once by several processes, each to an address of its own behind a chain of
 * routers, and a count of the answers that belong to another trace, TTL or process.
 */

import { fileURLToPath } from 'node:url';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { interfaceTo } from './lab-nodes.ts';
import { configure } from './lab-nuisances.ts';
import type { NamespaceLab } from './namespace-lab.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/many-traces.mjs', import.meta.url));
const PREFIX = '10.77.0.0';
const TIMEOUT_MS = 300_000;

/** What one process saw. */
interface Seen {
  readonly traces: readonly {
    readonly target: string;
    readonly stopReason: string;
    readonly answers: readonly (readonly [ttl: number, address: string])[];
  }[];
  readonly measurement: { readonly foreignReplies: number; readonly duplicates: number };
}

export interface ManyTracesResult {
  readonly replies: number;
  /** From a place that is not at that TTL, or another trace's target. */
  readonly mismatched: number;
  readonly foreign: number;
  readonly duplicates: number;
  /** Traces that did not reach their target. */
  readonly unreached: number;
}

/** Gives the target of a chain of routers 65,536 addresses, in IPv4. */
export async function routeManyTargets(lab: NamespaceLab): Promise<void> {
  await configure(lab, TARGET, [`ip route add local ${PREFIX}/16 dev lo`]);
  for (const { near, far, farAddress } of lab.plan.links) {
    const via = `via ${farAddress[4]} dev ${interfaceTo(far)}`;
    // Others know no way back to the addresses of its links.
    const from = near === SOURCE ? ` src ${lab.plan.source[4]}` : '';
    await configure(lab, near, [`ip route add ${PREFIX}/16 ${via}${from}`]);
  }
}

/** Runs them side by side. */
export async function traceManyTargets(
  lab: NamespaceLab,
  { processes, traces, options }: { processes: number; traces: number; options: object },
): Promise<ManyTracesResult> {
  const argv = [process.execPath, FIXTURE, `${PREFIX}/${traces}`, JSON.stringify(options)];
  const runs = Array.from({ length: processes }, async () => {
    const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: TIMEOUT_MS });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Seen;
  });
  const routers = lab.plan.links.map(({ farAddress }) => farAddress[4]);
  const seen = await Promise.all(runs);
  const all = seen.flatMap((each) => each.traces);
  const answers = all.flatMap((each) =>
    each.answers.map(([ttl, address]) =>
      ttl === routers.length ? address === each.target : address === routers[ttl - 1],
    ),
  );
  const sum = (of: (each: Seen) => number): number =>
    seen.reduce((total, each) => total + of(each), 0);
  return {
    replies: answers.length,
    mismatched: answers.filter((isRight) => !isRight).length,
    foreign: sum(({ measurement }) => measurement.foreignReplies),
    duplicates: sum(({ measurement }) => measurement.duplicates),
    unreached: all.filter(({ stopReason }) => stopReason !== 'reached').length,
  };
}
