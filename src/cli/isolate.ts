/** `fantrace isolate`: names the link or router that drops packets on the way to a target. */

import { Command, Option } from 'commander';
import type { IpFamily } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';
import type { IsolateRecord } from '../model/isolate-record.ts';
import type { VerdictKind } from '../model/verdict.ts';
import { CliError } from './cli-error.ts';
import { duration, probability, wholeNumber } from './flag-values.ts';

interface IsolateFlags {
  readonly port?: number;
  readonly flows: number;
  readonly sourcePort: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly rate: number;
  readonly maxProbes: number;
  readonly maxTime: number;
  readonly tos: number;
  readonly source?: string;
  readonly interface?: string;
  readonly confidence: number;
  readonly minLoss: number;
  readonly exclude: number;
  readonly 4?: true;
  readonly 6?: true;
  readonly seed?: number;
  readonly simulate?: string;
  readonly dns: boolean;
  readonly json?: true;
}

const DEFAULT_PORT = 22;
/** Asks no interface for more replies a second than routers bear by default. */
const PER_INTERFACE = 100;
const PORT_MAX = 65535;
const SEED_MAX = 2 ** 32 - 1;
const EXIT_INTERRUPTED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_BY_VERDICT: Readonly<Record<VerdictKind, number>> = {
  'no-loss': 0,
  'loss-located': 2,
  'loss-suspected': 2,
  'return-loss': 2,
  'target-loss': 2,
  'target-unreachable': 2,
  inconclusive: 3,
};

const EXIT_HELP = `
Exit status:
  0    no loss found
  2    loss located or suspected, or the target does not answer
  3    inconclusive
  1    could not measure
  130  interrupted; the partial result is printed

Examples:
  sudo fantrace isolate db7.example.net
  sudo fantrace isolate -6 --port 443 --flows 128 www.example.net
  fantrace isolate --simulate one-link-loses-20-percent`;

/** The command with its flags; running it sets the exit status of the process. */
export function isolateCommand(): Command {
  return new Command('isolate')
    .summary('name the link or router that drops packets on the ECMP paths to a target')
    .description(
      'Probes many flows at every TTL at once and names the link or router that drops packets ' +
        'on the equal-cost paths to TARGET, with its loss ratio and how sure that is. ' +
        'Stops as soon as the answer is sure.',
    )
    .argument('[TARGET]', 'host name or address, not needed with --simulate')
    .addOption(numberOption('-p, --port <PORT>', 'TCP port to probe (default: 22)', 1, PORT_MAX))
    .addOption(
      numberOption(
        '--flows <N>',
        'flows to probe, each from a source port of its own',
        1,
        4096,
      ).default(64),
    )
    .addOption(
      numberOption('--source-port <PORT>', 'first source port', 1, PORT_MAX).default(32768),
    )
    .addOption(numberOption('--min-ttl <TTL>', 'first TTL', 1, 255).default(1))
    .addOption(numberOption('-m, --max-ttl <TTL>', 'last TTL', 1, 255).default(30))
    .addOption(numberOption('--rate <PPS>', 'probes a second in all', 1, 100_000).default(2000))
    .addOption(
      numberOption('--max-probes <N>', 'stop after this many probes', 1, 10_000_000).default(
        30_000,
      ),
    )
    .addOption(maxTimeOption())
    .addOption(numberOption('--tos <N>', 'TOS or traffic class of the probes', 0, 255).default(0))
    .addOption(new Option('-s, --source <ADDRESS>', 'send from this address').conflicts('simulate'))
    .addOption(
      new Option('-i, --interface <DEVICE>', 'send by this network interface').conflicts(
        'simulate',
      ),
    )
    .addOption(
      probabilityOption('--confidence <P>', 'probability that a statement must have', 0.95),
    )
    .addOption(
      probabilityOption('--min-loss <RATIO>', 'losses below this are of no interest', 0.002),
    )
    .addOption(
      probabilityOption(
        '--exclude <RATIO>',
        'a clean run is over when this loss is ruled out on every link',
        0.02,
      ),
    )
    .addOption(new Option('-4', 'IPv4 only').conflicts('6'))
    .addOption(new Option('-6', 'IPv6 only').conflicts('4'))
    .addOption(numberOption('--seed <N>', 'make everything random repeatable', 0, SEED_MAX))
    .option('--simulate <NAME|FILE>', 'run on a simulated network: a shipped scenario, or a file')
    .option('--no-dns', 'do not look up names of addresses')
    .option('--json', 'write one JSON document, schema fantrace.isolate/1')
    .addHelpText('after', EXIT_HELP)
    .action(async (target: string | undefined, flags: IsolateFlags) => {
      process.exitCode = await isolate(target, flags);
    });
}

function numberOption(flags: string, description: string, min: number, max: number): Option {
  const name = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
  return new Option(flags, description).argParser(wholeNumber(name, min, max));
}

function maxTimeOption(): Option {
  return new Option('--max-time <DURATION>', 'stop after this time')
    .argParser(duration('--max-time', 100_000, 86_400_000_000))
    .default(60_000_000, '60s');
}

function probabilityOption(flags: string, description: string, preset: number): Option {
  const name = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
  return new Option(flags, description)
    .argParser(probability(name))
    .default(preset, `${100 * preset}%`);
}

async function isolate(target: string | undefined, flags: IsolateFlags): Promise<number> {
  if (flags.minTtl > flags.maxTtl) {
    const message = `--min-ttl: ${flags.minTtl} is above --max-ttl, which is ${flags.maxTtl}`;
    throw new CliError('USAGE', message);
  }
  if (flags.sourcePort + flags.flows - 1 > PORT_MAX) {
    const range = `from 1 to ${PORT_MAX + 1 - flags.flows} with --flows ${flags.flows}`;
    throw new CliError('USAGE', `--source-port: ${flags.sourcePort} is not ${range}`);
  }
  const { runIsolate } = await import('../runtime/isolate.ts');
  const seed = flags.seed ?? Math.floor(Math.random() * (SEED_MAX + 1));
  const { network, targetName, simulated } = await openNetwork(target, flags, seed);
  const { ProgressLine } = await import('./progress-line.ts');
  const progress = new ProgressLine(process.stderr);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  // Until the report is out: a second signal must not cost what the first one saved.
  for (const signal of SIGNALS) process.on(signal, interrupt);
  let record: IsolateRecord;
  try {
    const { minTtl, maxTtl, confidence, minLoss, exclude, maxProbes, maxTime, tos, rate } = flags;
    record = await runIsolate(
      network,
      {
        minTtl,
        maxTtl,
        confidence,
        minLoss,
        exclude,
        maxProbes,
        tos,
        seed,
        targetName,
        simulated,
        maxTimeUs: maxTime,
        perInterface: PER_INTERFACE,
        total: rate,
      },
      { signal: interruption.signal, progress: (shown) => progress.show(shown) },
    );
  } finally {
    progress.clear();
    network.close();
  }
  if (flags.dns && simulated === null && !record.partial) {
    record = await named(record, interruption.signal);
  }
  await write(record, flags);
  for (const signal of SIGNALS) process.off(signal, interrupt);
  return record.partial ? EXIT_INTERRUPTED : EXIT_BY_VERDICT[record.verdict];
}

async function openNetwork(target: string | undefined, flags: IsolateFlags, seed: number) {
  const network = await import('../runtime/network.ts');
  const family: IpFamily | undefined = flags[4] ? 4 : flags[6] ? 6 : undefined;
  const { flows, sourcePort, port } = flags;
  if (flags.simulate !== undefined) {
    const { loadScenario } = await import('../runtime/scenario-files.ts');
    const { name, scenario } = loadScenario(flags.simulate);
    const overrides = {
      seed,
      ...(family === undefined ? {} : { family }),
      ...(port === undefined ? {} : { port }),
    };
    return {
      network: network.openSimulatedNetwork(scenario, { flows, sourcePort }, overrides),
      targetName: printable(target ?? 'the simulated target'),
      simulated: name,
    };
  }
  if (target === undefined) {
    throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
  }
  const { resolveTarget } = await import('../runtime/target.ts');
  const { address, scopeId } = await resolveTarget(target, family);
  const { readSource, requireHost } = await import('./endpoints.ts');
  requireHost(address);
  const source = flags.source === undefined ? undefined : await readSource(flags.source, address);
  return {
    network: await network.openHostNetwork({
      flows,
      sourcePort,
      port: port ?? DEFAULT_PORT,
      destination: address,
      scopeId,
      source,
      device: flags.interface,
    }),
    targetName: printable(target),
    simulated: null,
  };
}

/** The record with the names of its interfaces. */
async function named(record: IsolateRecord, signal: AbortSignal): Promise<IsolateRecord> {
  const { ptrNames } = await import('../runtime/ptr-names.ts');
  const shown = record.hops.flatMap(({ interfaces }) => interfaces.map(({ address }) => address));
  const names = await ptrNames(shown, signal);
  return {
    ...record,
    hops: record.hops.map(({ ttl, interfaces }) => ({
      ttl,
      interfaces: interfaces.map((each) => ({ ...each, name: names.get(each.address) ?? null })),
    })),
  };
}

async function write(record: IsolateRecord, flags: IsolateFlags): Promise<void> {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const { formatIsolateText } = await import('../report/isolate-text.ts');
  const { outputWidth, paintFor } = await import('./terminal.ts');
  const paint = await paintFor(process.stdout, process.env);
  process.stdout.write(formatIsolateText(record, { width: outputWidth(process.stdout), paint }));
}
