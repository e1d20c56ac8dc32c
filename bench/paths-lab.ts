/**
 * How often `fantrace paths` draws the graph of kernel routers right, for how many probes, and how
 * long it takes; beside scamper's tracelb where that is installed. Needs root.
 * Usage: node bench/run.mjs paths-lab [RUNS] [scamper]
 */

import type { IpFamily } from '../src/lib/ip-address.ts';
import type { PathsRecord } from '../src/model/paths-record.ts';
import { nodeOfAddress } from '../src/sim/network-plan.ts';
import { SOURCE } from '../src/sim/topology.ts';
import { CLI } from '../test/lab/isolate-run.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { recordedHops, recordedLinks, trueHops, trueLinks } from '../test/lab/paths-truth.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';

interface Fabric {
  readonly what: object;
  readonly silent?: string;
  /** Routing tables do not tell the way of a flow: hops are compared as sets of routers. */
  readonly isSprayed?: boolean;
}

const FABRICS: readonly Fabric[] = [
  { what: { fabric: { widths: [1, 1, 4, 1] } } },
  { what: { fabric: { widths: [1, 1, 4, 4, 1] } } },
  { what: { fabric: { widths: [1, 1, 8, 2, 1] } } },
  { what: { fabric: { widths: [2, 4, 4, 2, 1] } } },
  { what: { fabric: { widths: [1, 1, 4, 1], detours: ['r3.1'] } } },
  { what: { fabric: { widths: [1, 1, 4, 1, 1] } }, silent: 'r4.0' },
  { what: { fabric: { widths: [2, 8, 8, 4, 1] } } },
  {
    what: {
      fabric: { widths: [1, 1, 4, 1] },
      routers: { 'r2.0': { balancing: { kind: 'per-packet' } } },
    },
    isSprayed: true,
  },
];
const FAMILIES: readonly IpFamily[] = [4, 6];
const TIMEOUT_MS = 300_000;
const FLAGS = ['--json', '--no-dns', '--rate', '20000', '--flows-max', '4096'];
const SILENCING =
  'table inet mute { chain out { type filter hook output priority 0; ' +
  'icmp type time-exceeded drop; icmpv6 type time-exceeded drop; }; }';

export interface Found {
  readonly links: ReadonlySet<string>;
  readonly probes: number;
  readonly ms: number;
}

interface Outcome extends Found {
  readonly record: PathsRecord;
}

/** Probes of both where scamper found all that it can find. */
const totals = { ours: 0, theirs: 0 };

/** Runs them in turn, and prints a line for each. */
export async function main([runs = '12', withScamper = '']: readonly string[]): Promise<number> {
  if (!build({ ifNeeded: true })) return 1;
  let right = 0;
  for (let run = 0; run < Number(runs); run++) {
    if (await isRight(run, { withScamper: withScamper !== '' })) right++;
  }
  console.log(`${right} of ${runs} right`);
  const ratio = totals.ours / totals.theirs;
  if (totals.theirs > 0) console.log(`probes by balancer, where it found all links: ${ratio} ×`);
  return 0;
}

async function isRight(
  run: number,
  { withScamper }: { readonly withScamper: boolean },
): Promise<boolean> {
  const { what, silent, isSprayed } = FABRICS[run % FABRICS.length] ?? { what: {} };
  const family = FAMILIES[Math.floor(run / FABRICS.length) % FAMILIES.length] ?? 4;
  const { lab } = await labFor(what, { family, seed: run });
  try {
    if (silent !== undefined) await lab.exec(silent, ['nft', SILENCING]);
    const ours = await fantrace(lab, []);
    const truth = isSprayed
      ? trueHops(lab.plan)
      : without(await trueLinks(lab, { destinationPort: 33_434 }), silent);
    const seen = isSprayed ? recordedHops(ours.record, lab.plan) : ours.links;
    const wrong = differences(seen, truth);
    const parts = [
      `run ${run}  IPv${family}  ${JSON.stringify(what)}  silent: ${silent ?? 'none'}`,
      wrong === '' ? 'right' : wrong,
      `${ours.probes} probes  ${Math.round(ours.ms)} ms`,
    ];
    console.log(
      [...parts, ...(withScamper && !isSprayed ? await besideScamper(lab, truth) : [])].join('  '),
    );
    return wrong === '';
  } finally {
    await lab.close();
  }
}

/** At the same promise: scamper's is for each balancer. */
async function besideScamper(lab: NamespaceLab, truth: ReadonlySet<string>): Promise<string[]> {
  const ours = await fantrace(lab, ['--confidence-of', 'balancer']);
  const theirs = await scamper(lab);
  if (hasAll(theirs, truth)) {
    totals.ours += ours.probes;
    totals.theirs += theirs.probes;
  }
  return [`by balancer: ${found(ours, truth)}; scamper: ${found(theirs, truth)}`];
}

/** Empty where there are none. */
function differences(links: ReadonlySet<string>, truth: ReadonlySet<string>): string {
  const missing = [...truth].filter((link) => !links.has(link)).map((link) => `missing ${link}`);
  const extra = [...links].filter((link) => !truth.has(link)).map((link) => `extra ${link}`);
  return [...missing, ...extra].join('  ');
}

/** Scamper resolves no balancer at the first hop, and lists no link from the source. */
function hasAll({ links }: Found, truth: ReadonlySet<string>): boolean {
  return [...truth].every((link) => link.startsWith(`${SOURCE}>`) || links.has(link));
}

function found({ links, probes, ms }: Found, truth: ReadonlySet<string>): string {
  const hits = [...truth].filter((link) => links.has(link)).length;
  return `${hits} of ${truth.size} links, ${probes} probes, ${Math.round(ms)} ms`;
}

export async function fantrace(lab: NamespaceLab, flags: readonly string[]): Promise<Outcome> {
  const target = lab.plan.target.address[lab.plan.family];
  const argv = [process.execPath, CLI, 'paths', ...FLAGS, ...flags, target];
  const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: TIMEOUT_MS });
  if (stdout === '') throw new Error(stderr);
  const record = JSON.parse(stdout) as PathsRecord;
  const { probesSent, durationMs } = record;
  return { record, links: recordedLinks(record, lab.plan), probes: probesSent, ms: durationMs };
}

interface TracelbNode {
  readonly addr: string;
  readonly links: readonly (readonly { readonly addr: string }[])[];
}

export async function scamper(lab: NamespaceLab): Promise<Found> {
  const target = lab.plan.target.address[lab.plan.family];
  const command = `tracelb -P udp-sport -d 33434 -c 95 -W 15 ${target}`;
  const argv = ['scamper', '-O', 'json', '-o-', '-p', '10000', '-I', command];
  const startedMs = performance.now();
  const { stdout } = await lab.exec(SOURCE, argv, { timeoutMs: TIMEOUT_MS });
  const ms = performance.now() - startedMs;
  const line = stdout.split('\n').find((each) => each.includes('"tracelb"')) ?? '{}';
  const trace = JSON.parse(line) as { probec?: number; nodes?: readonly TracelbNode[] };
  const nodes = nodeOfAddress(lab.plan);
  const links = new Set<string>();
  for (const {
    addr,
    links: [next = []],
  } of trace.nodes ?? []) {
    for (const far of next) links.add(`${nodes.get(addr)}>${nodes.get(far.addr)}`);
  }
  return { links, probes: trace.probec ?? 0, ms };
}

/** Links between routers that answer. */
function without(links: ReadonlySet<string>, silent: string | undefined): Set<string> {
  if (silent === undefined) return new Set(links);
  return new Set([...links].filter((link) => !link.split('>').includes(silent)));
}
