#!/usr/bin/env node

/**
 * The `fbtracert` command: takes the flags of the original and prints its formats, measured and
 * judged the way `fantrace isolate` does.
 */

import { formatIpAddress } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';
import type { IsolateRecord } from '../model/isolate-record.ts';
import { fbtracertPaths } from '../report/fbtracert/fbtracert-paths.ts';
import { listed } from '../report/wrap.ts';
import type { Network } from '../runtime/links/network.ts';
import {
  type FbtracertFlags,
  readFbtracertFlags,
  UsageWanted,
} from './ancestors/fbtracert-flags.ts';
import { openFbtracertNetwork, optionsOf } from './ancestors/fbtracert-network.ts';
import { CliError, reportError } from './cli-error.ts';
import { EXIT_INTERRUPTED, interruptible } from './interruption.ts';
import { watchOutput } from './watched-output.ts';

const EXIT_FAILED = 1;
/** That of Go's `flag` package. */
const EXIT_BAD_FLAG = 2;
const PORTS_LISTED = 10;
const SEEDS = 2 ** 32;

async function main(argv: readonly string[]): Promise<number> {
  try {
    const flags = readFbtracertFlags(argv);
    return await interruptible((signal) => run(flags, signal));
  } catch (error) {
    if (error instanceof UsageWanted) {
      const complaint = error.isMistake ? `${printable(error.message)}\n` : '';
      process.stderr.write(`${complaint}${error.usage}`);
      return error.isMistake ? EXIT_BAD_FLAG : 0;
    }
    const { stdout, stderr } = process;
    reportError(error, { form: 'text', stdout, stderr, program: 'fbtracert' });
    return EXIT_FAILED;
  }
}

async function run(flags: FbtracertFlags, signal: AbortSignal): Promise<number> {
  const seed = flags.seed ?? Math.floor(Math.random() * SEEDS);
  const opened = await openFbtracertNetwork(flags, seed);
  try {
    const record = await measure(opened, { flags, seed, signal });
    await write(record, flags);
    return record.partial ? EXIT_INTERRUPTED : 0;
  } finally {
    opened.network.close();
  }
}

/** Sockets are open; all else that needs a right or a module comes before it is given up. */
async function measure(
  opened: {
    readonly network: Network;
    readonly targetName: string;
    readonly simulated: string | null;
  },
  { flags, seed, signal }: { flags: FbtracertFlags; seed: number; signal: AbortSignal },
): Promise<IsolateRecord> {
  const { network, simulated } = opened;
  requireGivenPort(network, flags);
  const [{ runIsolate }, { ProgressLine }, { ptrNames }, { dropPrivileges }] = await Promise.all([
    import('../runtime/isolate/isolate.ts'),
    import('./progress-line.ts'),
    simulated === null
      ? import('../runtime/names/ptr-names.ts')
      : { ptrNames: async () => new Map<string, string>() },
    import('../runtime/host/privileges.ts'),
  ]);
  const note = dropPrivileges({ hasSockets: simulated === null });
  if (note !== undefined) process.stderr.write(`fbtracert: ${note}\n`);
  const options = optionsOf(opened, flags, seed);
  announce(network, flags);
  const progress = new ProgressLine(process.stderr);
  let record: IsolateRecord;
  try {
    record = await runIsolate(network, options, {
      signal,
      progress: (shown) => progress.show(shown),
    });
  } finally {
    progress.clear();
  }
  if (flags.numResolvers === 0 || record.partial) return record;
  const shown = record.hops.flatMap(({ interfaces }) => interfaces.map(({ address }) => address));
  const names = await ptrNames(shown, signal);
  const hops = record.hops.map(({ ttl, interfaces }) => ({
    ttl,
    interfaces: interfaces.map((each) => ({ ...each, name: names.get(each.address) ?? null })),
  }));
  return { ...record, hops };
}

/** Another port would be another path, which nobody asked for. */
function requireGivenPort({ skippedPorts }: Network, { maxSrcPorts }: FbtracertFlags): void {
  const [port] = skippedPorts;
  if (maxSrcPorts > 1 || port === undefined) return;
  const message = `source port ${port} is in use on this host`;
  throw new CliError('PORTS_UNAVAILABLE', message, 'close its connection, or use another port');
}

/** What the original says before it starts. */
function announce(network: Network, flags: FbtracertFlags): void {
  const { probeRate, baseSrcPort, maxSrcPorts, logtostderr } = flags;
  const lines = [
    `Using as source address: ${formatIpAddress(network.source)}`,
    `Starting fbtracert with ${probeRate} probes per second/ttl, base src port ${baseSrcPort} ` +
      `and with the port span of ${maxSrcPorts}`,
  ];
  if (!logtostderr) lines.push("Use '-logtostderr=true' cmd line option to see GLOG output");
  const { skippedPorts } = network;
  if (skippedPorts.length > 0) {
    lines.push(
      `Source ports in use, and skipped: ${listed(skippedPorts.map(String), PORTS_LISTED)}`,
    );
  }
  process.stderr.write(`${lines.join('\n')}\n`);
}

async function write(record: IsolateRecord, flags: FbtracertFlags): Promise<void> {
  const paths = fbtracertPaths(record, flags);
  if (flags.jsonOutput) {
    const { formatFbtracertJson } = await import('../report/fbtracert/fbtracert-json.ts');
    process.stdout.write(formatFbtracertJson(paths));
  } else {
    const { formatFbtracertTables } = await import('../report/fbtracert/fbtracert-table.ts');
    process.stdout.write(formatFbtracertTables(paths, flags));
  }
  const { verdictLines } = await import('../report/fbtracert/fbtracert-verdict.ts');
  process.stderr.write(verdictLines(record, flags));
}

watchOutput('fbtracert');
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
