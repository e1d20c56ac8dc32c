/**
 * Runs `fantrace isolate` in a lab and holds its record against the truth: whether what it blames
 * is what is broken, and whether its paths are those of the routers' own tables.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { FlowRecord, IsolateRecord } from '../../src/model/isolate-record.ts';
import type { Place as BlamedPlace } from '../../src/model/verdict.ts';
import {
  farAnsweringAddress,
  type NetworkPlan,
  nodeOfAddress,
} from '../../src/sim/network-plan.ts';
import type { Place } from '../../src/sim/scenario.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { addressesOf } from './scenario-plan.ts';

/** The compiled program. */
export const CLI: string = fileURLToPath(new URL('../../dist/bundle/main.js', import.meta.url));

export interface IsolateRun {
  readonly status: number | null;
  readonly record: IsolateRecord;
  readonly stderr: string;
}

export interface IsolateRunOptions {
  readonly seed?: number;
  /** On top of those that every run in a lab needs. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the names of addresses are looked up. */
  readonly withNames?: boolean;
}

/** What is wrong on the way to the target. */
export interface TrueFault {
  readonly place: Place;
  /** 0 to 1. */
  readonly lossRatio: number;
}

/** Beyond the run's own `--max-time`. */
const TIMEOUT_MS = 90_000;

/** The command line of a run against the lab's target, for its source. */
export function isolateArgv(plan: NetworkPlan, options: IsolateRunOptions = {}): string[] {
  const { seed = 1, flags = [], withNames = false } = options;
  const { address, port } = plan.target;
  const own = ['--json', '--seed', String(seed)];
  if (!flags.includes('icmp')) own.push('--port', String(port));
  if (!withNames) own.push('--no-dns');
  const targets = [address, ...plan.otherTargets.map((other) => other.address)];
  const addresses = targets.map((each) => each[plan.family]);
  return [process.execPath, CLI, 'isolate', ...addresses, ...own, ...flags];
}

/** Runs to the end; a document that is no JSON fails the call with what was said instead. */
export async function isolateIn(
  lab: NamespaceLab,
  options: IsolateRunOptions = {},
): Promise<IsolateRun> {
  const { env = {} } = options;
  const argv = isolateArgv(lab.plan, options);
  const result = await lab.exec(SOURCE, argv, { env, timeoutMs: TIMEOUT_MS });
  return { ...result, record: parsed(result.stdout, result.stderr) };
}

/** A run that is under way, for tests that meddle with it. */
export function startIsolate(
  lab: NamespaceLab,
  options: IsolateRunOptions = {},
): { readonly child: ChildProcessWithoutNullStreams; readonly over: Promise<IsolateRun> } {
  const child = lab.spawn(SOURCE, isolateArgv(lab.plan, options));
  const outputs = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const over = outputs.then(([stdout, stderr, [status]]) => ({
    status: status as number | null,
    stderr,
    record: parsed(stdout, stderr),
  }));
  return { child, over };
}

/** Tells when the source has sent so many probes to the target. */
export async function watchProbes(
  lab: NamespaceLab,
  { count }: { count: number },
): Promise<{ readonly seen: Promise<unknown> }> {
  const { family, target } = lab.plan;
  const options = ['-i', 'to-r1.0', '-n', '-c', String(count), '--immediate-mode'];
  const argv = ['tcpdump', ...options, `dst host ${target.address[family]}`];
  const sniffer = lab.spawn(SOURCE, argv);
  sniffer.stdout.resume();
  const seen = once(sniffer, 'close');
  await isListening(sniffer.stderr);
  return { seen };
}

/** Waits until tcpdump says so; what it may say before that it says while packets pass it by. */
export async function isListening(stderr: Readable): Promise<void> {
  let said = '';
  while (!said.includes('listening on')) said += (await once(stderr, 'data'))[0];
}

/** Whether the first suspect is the faulty place, or looks just like it. */
export function isNamed(plan: NetworkPlan, { suspects }: IsolateRecord, fault: TrueFault): boolean {
  const [first] = suspects;
  if (first === undefined) return false;
  return [first, ...first.equivalents].some((blamed) => isSame(plan, blamed, fault));
}

/**
 * Whether a place of a record is that of the fault. All of its addresses have to belong there; a
 * link that drops everything has a far end that nobody has ever seen.
 */
export function isSame(
  plan: NetworkPlan,
  blamed: BlamedPlace,
  { place, lossRatio }: TrueFault,
): boolean {
  const { near, far } = addressesOf(plan, place);
  if (place.kind === 'router') {
    const { kind, addresses } = blamed;
    return kind === 'node' && addresses.length > 0 && addresses.every((each) => far.has(each));
  }
  if (blamed.kind !== 'link' || blamed.near === null) return false;
  const isFar = blamed.far === null ? lossRatio === 1 : far.has(blamed.far);
  return isFar && [blamed.near, ...blamed.addresses].every((each) => near.has(each));
}

/** Addresses in hops, links and paths of a record that no router of the plan answers from. */
export function strangersIn(record: IsolateRecord, plan: NetworkPlan): string[] {
  const nodes = nodeOfAddress(plan);
  const shown = [
    ...record.hops.flatMap(({ interfaces }) => interfaces.map(({ address }) => address)),
    ...record.links.flatMap(({ near, far }) => [near, far]),
    ...record.flows.flatMap(({ path }) => path),
  ];
  return [...new Set(shown)].filter((each) => each !== null && !nodes.has(each)) as string[];
}

/** What the paths of a record may lack. */
export interface PathGaps {
  /** Routers that need not show; any hop may be missing when absent, as where packets are lost. */
  readonly unseen?: readonly string[];
}

/**
 * Differences between the paths of a record and the routers' own tables, a sentence each.
 *
 * @returns none when every flow's hops are the interfaces on its way, each of them at its TTL; the
 *   target answers at any TTL that reaches it
 */
export async function pathErrors(
  lab: NamespaceLab,
  { family, flows, minTtl }: IsolateRecord,
  { unseen }: PathGaps = {},
): Promise<string[]> {
  const { plan } = lab;
  const query = {
    sourcePorts: [...new Set(flows.map(({ sourcePort }) => sourcePort))],
    destinationPort: plan.target.port,
  };
  const targets = [TARGET, ...plan.otherTargets.map(({ name }) => name)];
  const routes = await Promise.all(targets.map((to) => lab.truth(family, { ...query, to })));
  return flows.flatMap((flow) => {
    const { target, sourcePort } = flow;
    const nodes = [...(routes[target]?.get(sourcePort) ?? []), targets[target] ?? TARGET];
    const answering = answeringOn(plan, nodes);
    const errors = strayHops(flow, answering.slice(minTtl - 1));
    if (unseen === undefined) return errors;
    const hidden = nodes.slice(minTtl - 1).map((node) => unseen.includes(node));
    return [...errors, ...missingHops(flow, hidden)];
  });
}

/** Hops that answered from where the flow does not pass at that TTL. */
function strayHops(
  { sourcePort, path, received }: FlowRecord,
  answering: readonly string[],
): string[] {
  return path.flatMap((address, hop) => {
    const where = `port ${sourcePort}, hop ${hop}`;
    const truly = answering[hop] ?? answering.at(-1);
    if (address === truly) return [];
    if (address !== null) return [`${where}: ${address}, truly ${truly}`];
    return (received[hop] ?? 0) > 0 ? [`${where}: answers from nobody`] : [];
  });
}

/** Hops without an address that are not hidden, of a flow that should end where these end. */
function missingHops({ sourcePort, path }: FlowRecord, hidden: readonly boolean[]): string[] {
  const missing = path.flatMap((address, hop) =>
    address === null && hidden[hop] !== true ? [`port ${sourcePort}, hop ${hop}: nobody`] : [],
  );
  if (path.length === hidden.length) return missing;
  return [...missing, `port ${sourcePort}: ${path.length} hops, truly ${hidden.length}`];
}

function answeringOn(plan: NetworkPlan, nodes: readonly string[]): string[] {
  return nodes.map((far, i) => farAnsweringAddress(plan, { near: nodes[i - 1] ?? SOURCE, far }));
}

function parsed(stdout: string, stderr: string): IsolateRecord {
  try {
    return JSON.parse(stdout) as IsolateRecord;
  } catch (cause) {
    throw new Error(`no JSON document but ${JSON.stringify(stdout)}\n${stderr}`, { cause });
  }
}
