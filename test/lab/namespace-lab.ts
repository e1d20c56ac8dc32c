/**
 * A planned network out of Linux routers: a network namespace for each node, a veth pair for each
 * link, and the kernel's own multipath routing. Nothing leads out of it. The delays of a plan are
 * ignored, for kernels without netem.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { NetworkPlan } from '../../src/sim/network-plan.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { whenItIs } from './lab-clock.ts';
import {
  type CommandOptions,
  type CommandResult,
  runCommand,
  runSuccessfully,
  startCommand,
} from './lab-commands.ts';
import { clockedRules, counterName, type Fault, faultsOf } from './lab-faults.ts';
import { BACKLOG, namespaceBatch, nodeScript } from './lab-layout.ts';
import { claimLabName, makeEtcFolder, removeLab, sweepLeftovers } from './lab-leftovers.ts';
import { checkPlan } from './lab-limits.ts';
import { nodesOf } from './lab-nodes.ts';
import { startFixture } from './lab-nuisances.ts';
import { isOldRouter, oldRouter } from './lab-old-router.ts';
import { clockedMarkingRules } from './lab-routing.ts';
import { type LabFlows, trueRoutes } from './lab-truth.ts';

/** How often a fault struck. */
export interface FaultCount extends Pick<Fault, 'kind' | 'place' | 'direction'> {
  /** Packets that it could have dropped. */
  readonly atRisk: number;
  readonly dropped: number;
}

const LISTENER = fileURLToPath(new URL('./target-listener.mjs', import.meta.url));
/** Nothing answers there, and no name service of the host is asked by other means. */
const ETC_FILES = {
  'resolv.conf': 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n',
  'nsswitch.conf': 'hosts: files dns\n',
};
/** Building is mostly waiting for locks of the kernel. */
const BUILDERS = 4;
/** For writing down when things happen. */
const CLOCK_LEAD_MS = 150;

/**
 * Builds the network of a plan, and removes what labs of killed processes left behind.
 *
 * Flows take the same way for the same seed, whichever process sends them, and so do all replies
 * but one kind: each SYN-ACK of IPv6 takes a way of its own, by the diagonal links of a fabric only.
 *
 * Interfaces are named after the node at the other end: `to-r2.1`. Faults strike both families.
 * The caller closes the lab; if it ends without doing so, the lab goes with it.
 *
 * @throws {LabPlanError} for what the kernel cannot express
 * @throws {CommandError} when the kernel refuses something, as for want of root
 */
export async function openLab(plan: NetworkPlan): Promise<NamespaceLab> {
  checkPlan(plan);
  const faults = faultsOf(plan);
  sweepLeftovers();
  const lab = new NamespaceLab(plan, faults);
  try {
    await build(lab, faults);
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

/** Built by `openLab`. Nodes are named as in the plan, the hosts `source` and `target`. */
export class NamespaceLab {
  readonly plan: NetworkPlan;
  /** What the names of its namespaces start with. */
  readonly name: string = claimLabName();
  readonly #faults: readonly Fault[];
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  constructor(plan: NetworkPlan, faults: readonly Fault[]) {
    this.plan = plan;
    this.#faults = faults;
  }

  /** The name under which `ip netns` knows a node. */
  namespaceOf(node: string): string {
    return `${this.name}-${node}`;
  }

  /**
   * Runs a command on a node to its end, whatever its status.
   *
   * @throws {CommandError} when it runs into `timeoutMs`
   */
  exec(node: string, argv: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    const command = this.#onNode(node, argv);
    return runCommand(command, options, (child) => this.#track(child));
  }

  /** Starts a command on a node, which is killed when the lab closes. */
  spawn(
    node: string,
    argv: readonly string[],
    { env }: Pick<CommandOptions, 'env'> = {},
  ): ChildProcessWithoutNullStreams {
    return this.#track(startCommand(this.#onNode(node, argv), env));
  }

  /** The way of each flow by the routers' own tables: source port → routers, in order. */
  truth(family: IpFamily, flows: LabFlows): Promise<ReadonlyMap<number, readonly string[]>> {
    return trueRoutes(this.plan, (node) => this.namespaceOf(node), { ...flows, family });
  }

  /**
   * Starts the time of the plan: until then nothing of it happens that depends on time.
   *
   * @returns when it began, in milliseconds since 1970: now, and at a whole second
   */
  async startClock(): Promise<number> {
    for (;;) {
      const startS = Math.ceil((Date.now() + CLOCK_LEAD_MS) / 1000);
      await Promise.all(
        nodesOf(this.plan).map(async (node) => {
          const faults = this.#faults.filter((fault) => fault.node === node.name);
          const rules = [
            ...clockedRules(faults, startS),
            ...clockedMarkingRules(this.plan, node, startS),
          ];
          if (rules.length === 0) return;
          const input = `${rules.join('\n')}\n`;
          await runSuccessfully(this.#onNode(node.name, ['nft', '-f', '-']), { input });
        }),
      );
      if (Date.now() > startS * 1000) continue; // too slow: begin once more, a second later
      await whenItIs(startS * 1000);
      return startS * 1000;
    }
  }

  /** Counts of all faults of the plan, since the lab was opened. */
  async dropCounters(): Promise<readonly FaultCount[]> {
    const nodes = [...new Set(this.#faults.map(({ node }) => node))];
    const counts = nodes.map(async (node) => {
      const counters = await this.#countersOf(node);
      const faults = this.#faults.filter((fault) => fault.node === node);
      return faults.map(({ kind, place, direction }, i) => ({
        kind,
        place,
        direction,
        atRisk: counters.get(counterName(i, 'at-risk')) ?? 0,
        dropped: counters.get(counterName(i, 'dropped')) ?? 0,
      }));
    });
    return (await Promise.all(counts)).flat();
  }

  /** Ends what runs in the lab, and removes it. A second call does nothing. */
  async close(): Promise<void> {
    const ends = [...this.#children].map((child) => once(child, 'close'));
    for (const child of this.#children) child.kill('SIGKILL');
    removeLab(this.name);
    await Promise.all(ends);
  }

  #onNode(node: string, argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespaceOf(node), ...argv];
  }

  #track(child: ChildProcessWithoutNullStreams): ChildProcessWithoutNullStreams {
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  async #countersOf(node: string): Promise<ReadonlyMap<string, number>> {
    const argv = this.#onNode(node, ['nft', '-j', 'list', 'counters', 'table', 'inet', 'lab']);
    const { nftables } = JSON.parse(await runSuccessfully(argv)) as {
      nftables: { counter?: { name: string; packets: number } }[];
    };
    return new Map(
      nftables.flatMap(({ counter }) =>
        counter === undefined ? [] : [[counter.name, counter.packets] as const],
      ),
    );
  }
}

async function build(lab: NamespaceLab, faults: readonly Fault[]): Promise<void> {
  const { plan } = lab;
  const input = namespaceBatch(plan, (node) => lab.namespaceOf(node));
  await runSuccessfully(['ip', '-batch', '-'], { input });
  const limit = pLimit(BUILDERS);
  await limit.map(nodesOf(plan), (node) => {
    const own = faults.filter((fault) => fault.node === node.name);
    const argv = ['ip', 'netns', 'exec', lab.namespaceOf(node.name), 'sh', '-s'];
    return runSuccessfully(argv, { input: nodeScript(plan, node, own) });
  });
  keepNamesInside(lab.namespaceOf(SOURCE));
  const proxies = plan.routers.filter(({ isSynProxy }) => isSynProxy);
  const open = plan.target.answer === 'accept' ? [TARGET] : [];
  await Promise.all([
    ...[...open, ...proxies.map(({ name }) => name)].map((node) => listen(lab, node)),
    ...plan.routers
      .filter(isOldRouter)
      .map((router) => limit(() => oldRouter(lab, router.name, router))),
    ...plan.routers.map(({ name, icmpLimit }) => startOthers(lab, name, icmpLimit)),
  ]);
}

function keepNamesInside(namespace: string): void {
  const folder = makeEtcFolder(namespace);
  for (const [file, content] of Object.entries(ETC_FILES)) {
    // Each is mounted over the one in /etc, which has to exist.
    if (existsSync(path.join('/etc', file))) writeFileSync(path.join(folder, file), content);
  }
}

async function startOthers(
  lab: NamespaceLab,
  router: string,
  { othersPerSecond = 0 }: { readonly othersPerSecond?: number } = {},
): Promise<void> {
  if (othersPerSecond === 0) return;
  await startFixture(lab, router, 'other-probers', [String(othersPerSecond)]);
}

async function listen(lab: NamespaceLab, node: string): Promise<void> {
  const { port } = lab.plan.target;
  const argv = [process.execPath, LISTENER, String(port), String(BACKLOG)];
  const listener = lab.spawn(node, argv);
  let complaint = '';
  listener.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const isReady = await Promise.race([
    once(listener.stdout, 'data').then(() => true),
    once(listener, 'close').then(() => false),
  ]);
  if (!isReady) throw new Error(`nobody listens on port ${port} of ${node}: ${complaint}`);
}
