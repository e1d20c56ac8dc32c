/**
 * A server that is watched, behind a fabric of kernel routers, and many clients: addresses of the
 * lab's target. Runs the watcher as a user would, and reads what it wrote.
 */

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';
import { CLI } from './isolate-run.ts';
import { interfaceTo, nodesOf } from './lab-nodes.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';

/** Where the service listens that is watched. */
export const SERVICE_PORT = 8080;
const MONITORING = '127.0.0.1:9990';
const FABRIC = { fabric: { widths: [1, 3, 1] } };
const FAMILIES: readonly IpFamily[] = [4, 6];
/** Of the clients; no address of the plan is in them. */
const CLIENTS = { 4: '10.201.0.0/16', 6: 'fdc9::/64' } as const;

/** Who visits, and how often in how long. */
export interface Visits {
  readonly connections: number;
  readonly durationMs: number;
}

/** The lab; the caller closes it. */
export class WatchLab {
  readonly lab: NamespaceLab;
  /** Half of them of each family. */
  readonly clients: readonly string[];

  constructor(lab: NamespaceLab, clients: readonly string[]) {
    this.lab = lab;
    this.clients = clients;
  }

  /** The server's address that a client visits. */
  serverFor(client: string): string {
    return this.lab.plan.source[client.includes(':') ? 6 : 4];
  }

  /** Lets clients visit the server. @returns how many connections each has had */
  async visit({ connections, durationMs }: Visits): Promise<Readonly<Record<string, number>>> {
    const pairs = this.clients.map((client) => `${client}=${this.serverFor(client)}`);
    const counts = [SERVICE_PORT, connections, durationMs].map(String);
    const argv = [process.execPath, fixture('watch-clients.mjs'), ...counts, ...pairs];
    const options = { timeoutMs: durationMs + 60_000 };
    const { status, stdout, stderr } = await this.lab.exec(TARGET, argv, options);
    if (status !== 0) throw new Error(`clients: ${stderr}`);
    return JSON.parse(stdout) as Record<string, number>;
  }

  /** Starts the watcher on the server. */
  watch(flags: readonly string[], place: WatchPlace = {}): Promise<WatchRun> {
    return WatchRun.start(this.lab, flags, place);
  }

  async close(): Promise<void> {
    await this.lab.close();
  }
}

/** @param clientCount addresses in all */
export async function openWatchLab(clientCount: number): Promise<WatchLab> {
  const { lab } = await labFor(FABRIC);
  try {
    const clients = Array.from({ length: clientCount }, (_, i) => clientAddress(i));
    await addClients(lab, clients);
    const server = lab.spawn(SOURCE, [
      process.execPath,
      fixture('watch-server.mjs'),
      String(SERVICE_PORT),
    ]);
    await once(server.stdout, 'data');
    return new WatchLab(lab, clients);
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Even ones are IPv4. */
function clientAddress(i: number): string {
  const n = 1 + Math.floor(i / 2);
  return i % 2 === 0 ? `10.201.${n >> 8}.${n & 255}` : `fdc9::${n.toString(16)}`;
}

/** The clients live where the target does, and are routed as it is. */
async function addClients(lab: NamespaceLab, clients: readonly string[]): Promise<void> {
  const addresses = clients.map((client) =>
    client.includes(':') ? `addr add ${client}/128 dev lo nodad` : `addr add ${client}/32 dev lo`,
  );
  await batch(lab, TARGET, addresses);
  for (const { name, address, towardsTarget } of nodesOf(lab.plan)) {
    if (towardsTarget.length === 0) continue;
    const routes = FAMILIES.map((family) => {
      const steps = towardsTarget.map(
        ({ peer, peerAddress }) => `nexthop via ${peerAddress[family]} dev ${interfaceTo(peer)}`,
      );
      return `route add ${CLIENTS[family]} src ${address[family]} ${steps.join(' ')}`;
    });
    await batch(lab, name, routes);
  }
}

async function batch(lab: NamespaceLab, node: string, lines: readonly string[]): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  const { status, stderr } = await lab.exec(node, ['ip', '-batch', '-'], { input });
  if (status !== 0) throw new Error(`${node}: ${stderr}`);
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

/** One result file, taken apart. */
export interface WatchFile {
  readonly name: string;
  readonly metadata: {
    readonly UUID: string;
    readonly CachedResult: boolean;
    readonly CachedUUID: string;
  };
  readonly types: readonly string[];
  readonly destination: string;
  readonly result: Readonly<Record<string, unknown>>;
}

/** Files that share a result, and have not the one of whom they name, or of another destination. */
export function mixedUp(files: readonly WatchFile[]): WatchFile[] {
  const byUuid = new Map(files.map((file) => [file.metadata.UUID, file]));
  return files.filter(({ metadata, result }) => {
    if (!metadata.CachedResult) return false;
    const original = byUuid.get(metadata.CachedUUID);
    return original === undefined || JSON.stringify(original.result) !== JSON.stringify(result);
  });
}

/** Where a watcher writes, and what it finds in its environment. */
export interface WatchPlace {
  /** A new one unless told. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A watcher that runs. */
export class WatchRun {
  readonly folder: string;
  readonly #lab: NamespaceLab;
  readonly #child: ChildProcessWithoutNullStreams;
  #log = '';

  private constructor(lab: NamespaceLab, child: ChildProcessWithoutNullStreams, folder: string) {
    this.#lab = lab;
    this.#child = child;
    this.folder = folder;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#log += chunk;
    });
  }

  static async start(
    lab: NamespaceLab,
    flags: readonly string[],
    { folder = mkdtempSync(path.join(tmpdir(), 'fantrace-watch-lab-')), env = {} }: WatchPlace,
  ): Promise<WatchRun> {
    const fixed = ['watch', '-o', folder, '--listen', MONITORING, '--no-dns'];
    const argv = [process.execPath, CLI, ...fixed, ...flags];
    const run = new WatchRun(lab, lab.spawn(SOURCE, argv, { env }), folder);
    await run.logged('watching');
    return run;
  }

  /** What it has logged so far. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves once it has logged this; rejects when it ends before. */
  async logged(message: string): Promise<void> {
    const ended = once(this.#child, 'close').then(() => {
      throw new Error(`it ended: ${this.#log}`);
    });
    ended.catch(() => {}); // of interest only while somebody waits
    while (!this.#log.includes(`"msg":"${message}"`)) {
      await Promise.race([once(this.#child.stderr, 'data'), ended]);
    }
  }

  /** What a metric stands at; NaN where there is none. */
  async metric(name: string): Promise<number> {
    const text = await this.#fetch('/metrics');
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  }

  async health(): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse(await this.#fetch('/health')) as Record<string, unknown>;
  }

  /** Resolves once a metric has come to a value. */
  async reaches(name: string, value: number): Promise<void> {
    while (!((await this.metric(name)) >= value)) {
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#log}`);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** @returns its exit status; null for a signal */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const ended = once(this.#child, 'close');
    this.#child.kill(signal);
    const [status] = (await ended) as [number | null];
    return status;
  }

  /** Its result files. @throws for one that is not whole */
  files(): WatchFile[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => parsed(name, readFileSync(path.join(this.folder, name), 'utf8')));
  }

  /** Removes what it wrote. */
  remove(): void {
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true });
  }

  async #fetch(pathname: string): Promise<string> {
    const script = `fetch('http://${MONITORING}${pathname}').then((r) => r.text()).then((t) => process.stdout.write(t))`;
    const { status, stdout, stderr } = await this.#lab.exec(SOURCE, [
      process.execPath,
      '-e',
      script,
    ]);
    if (status !== 0) throw new Error(`${pathname}: ${stderr}`);
    return stdout;
  }
}

function parsed(name: string, text: string): WatchFile {
  const lines = text.split('\n');
  if (lines.length !== 5 || lines[4] !== '') throw new Error(`${name} has ${lines.length} parts`);
  const [metadata, ...rest] = lines.slice(0, 4).map((line) => JSON.parse(line)) as [
    WatchFile['metadata'],
    ...Record<string, unknown>[],
  ];
  const [, result = {}] = rest;
  return {
    name,
    metadata,
    types: rest.map(({ type }) => String(type)),
    destination: String(result['dst']),
    result,
  };
}
