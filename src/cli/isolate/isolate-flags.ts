/** The command line of `isolate`: its flags, their ranges and their help. */

import { Command, Option } from 'commander';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import {
  CLASSES_MAX,
  ECHO_MAX,
  FLOWS_IN_ALL_MAX,
  FLOWS_MAX,
  PACKET_BYTES_MAX,
  PACKET_BYTES_MIN,
  PORT_MAX,
  SEED_MAX,
} from '../../runtime/isolate/isolate-limits.ts';
import { CliError } from '../cli-error.ts';
import {
  choiceOption,
  durationOption,
  familyOptions,
  numberOption,
  numberOrWordOption,
  numbersOption,
  probabilityOption,
  sendingOptions,
  TEXT,
  ValueOption,
} from '../flag-values.ts';

/** How a record is to be told, to whom, and to which files. */
export interface ReportFlags {
  readonly json?: true;
  readonly jsonl?: true;
  readonly asnDb?: string;
  readonly show: 'all' | 'suspects';
  readonly svg?: string;
  readonly dot?: string;
  readonly html?: string;
}

/** Every flag of `isolate`; durations in microseconds. */
export interface IsolateFlags extends ReportFlags {
  readonly port?: number;
  readonly protocol: IsolateProtocol;
  readonly flows: number;
  readonly sourcePort: number;
  /** Source ports. */
  readonly flow?: readonly number[];
  readonly flowsFrom?: string;
  readonly flowLabel: 'fixed' | 'vary' | number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly rate: number;
  readonly maxProbes: number;
  readonly maxTime: number;
  readonly tos?: readonly number[];
  readonly packetSize?: readonly number[];
  readonly source?: string;
  readonly interface?: string;
  readonly confidence: number;
  readonly minLoss: number;
  readonly exclude: number;
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly seed?: number;
  readonly simulate?: string;
  readonly dns: boolean;
  readonly dryRun?: true;
  readonly record?: string;
}

const EXAMPLES = `
Exit status:
  0    no loss found
  2    loss located or suspected, or the target does not answer
  3    inconclusive
  1    could not measure
  130  interrupted; the partial result is printed

Examples:
  sudo fantrace isolate db7.example.net
  sudo fantrace isolate -6 --port 443 --flows 128 www.example.net
  sudo fantrace isolate db7.example.net db8.example.net db9.example.net
  fantrace isolate --simulate one-link-loses-20-percent

Flags can be set in the environment (FANTRACE_MAX_TTL=20) and in
~/.config/fantrace/config.toml ([isolate] max-ttl = 20).`;

/** The command, which hands targets and flags to `run`. */
export function isolateCommandLine(
  run: (targets: readonly string[], flags: IsolateFlags) => Promise<void>,
): Command {
  const command = new Command('isolate')
    .summary('name the link or router that drops packets on the ECMP paths to a target')
    .description(
      'Probes many flows at every TTL at once and names the link or router that drops packets ' +
        'on the equal-cost paths to TARGET, with its loss ratio and how sure that is. ' +
        'Stops as soon as the answer is sure. With several targets, what their paths share is ' +
        'judged by the flows to all of them, and there is one verdict.',
    )
    .argument('[TARGET...]', 'host names or addresses, not needed with --simulate');
  for (const option of [...probeOptions(), ...stopOptions(), ...hostOptions()])
    command.addOption(option);
  command
    .addOption(
      new ValueOption(
        '--simulate <NAME|FILE>',
        'run on a simulated network: a shipped scenario, or a file',
        TEXT,
      ),
    )
    .option('--dry-run', 'show the plan and its cost, and send nothing')
    .addOption(
      fileOption('--record <FILE>', 'write all that the run sees, for fantrace analyze').conflicts(
        'dryRun',
      ),
    );
  for (const option of [...reportOptions(), ...pictureOptions()]) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(run);
}

/** Flags for how a record is told, which `analyze` has as well. */
export function reportOptions(): Option[] {
  return [
    new Option('--no-dns', 'do not look up names of addresses'),
    fileOption('--asn-db <FILE>', 'tell whose network each address is in, by this database (MMDB)'),
    new Option('--json', 'write one JSON document, schema fantrace.isolate/1').conflicts('jsonl'),
    new Option('--jsonl', 'write JSON records, one a line, as things happen'),
  ];
}

/**
 * Refuses combinations of flags that make no sense.
 *
 * @throws {CliError} USAGE
 */
export function requireConsistent(flags: IsolateFlags, targets: number): void {
  if (flags.minTtl > flags.maxTtl) {
    const message = `--min-ttl: ${flags.minTtl} is above --max-ttl, which is ${flags.maxTtl}`;
    throw new CliError('USAGE', message);
  }
  if (flags.protocol === 'icmp' && flags.port !== undefined) {
    throw new CliError('USAGE', `--port: ${flags.port} is of no use: ICMP has no ports`);
  }
  const last = flags.protocol === 'icmp' ? ECHO_MAX : PORT_MAX;
  const isRange = flags.flow === undefined && flags.flowsFrom === undefined;
  if (isRange && flags.sourcePort + flags.flows - 1 > last) {
    const range = `from 1 to ${last + 1 - flags.flows} with --flows ${flags.flows}`;
    throw new CliError('USAGE', `--source-port: ${flags.sourcePort} is not ${range}`);
  }
  const [sizes, values] = [flags.packetSize?.length ?? 1, flags.tos?.length ?? 1];
  if (sizes * values > CLASSES_MAX) {
    const message =
      `--packet-size, --tos: ${sizes} sizes and ${values} TOS values make ${sizes * values} ` +
      `classes, more than ${CLASSES_MAX}`;
    throw new CliError('USAGE', message);
  }
  const flows = (flags.flow?.length ?? flags.flows) * sizes * values * Math.max(1, targets);
  if (flows > FLOWS_IN_ALL_MAX) {
    const excess = `${flows} flows in all, more than ${FLOWS_IN_ALL_MAX}`;
    const message = `--flows: ${excess}: name fewer of them`;
    throw new CliError('USAGE', message, 'each is probed in every class, to every target');
  }
}

function fileOption(flags: string, description: string): Option {
  return new ValueOption(flags, description, TEXT);
}

function probeOptions(): Option[] {
  const port = { min: 1, max: PORT_MAX };
  const ttl = { min: 1, max: 255 };
  return [
    choiceOption('--protocol <NAME>', 'what probes are made of', ['tcp', 'udp', 'icmp']).default(
      'tcp',
    ),
    numberOption('-p, --port <PORT>', 'port to probe (default: 22, with UDP 33434)', port),
    numberOption('--flows <N>', 'flows to each target, each from a source port of its own', {
      min: 1,
      max: FLOWS_MAX,
    }).default(64),
    numberOption('--source-port <PORT>', 'first source port', port).default(32768),
    numbersOption('--flow <PORT>', 'probe from just this source port; repeatable', port).conflicts([
      'flows',
      'sourcePort',
      'flowsFrom',
    ]),
    fileOption(
      '--flows-from <FILE>',
      'the same for each source port in a file (- for stdin), or of paths --json',
    ).conflicts(['flows', 'sourcePort']),
    numberOrWordOption(
      '--flow-label <LABEL>',
      'IPv6 flow label: another for each flow (vary), 0 for all (fixed), or this number',
      { min: 0, max: 0xfffff, words: ['fixed', 'vary'] },
    ).default('vary'),
    numberOption('--min-ttl <TTL>', 'first TTL', ttl).default(1),
    numberOption('-m, --max-ttl <TTL>', 'last TTL', ttl).default(30),
    numberOption('--rate <PPS>', 'probes a second in all', { min: 1, max: 100_000 }).default(2000),
    numbersOption('--packet-size <BYTES>', 'length of whole probes; repeat to compare sizes', {
      min: PACKET_BYTES_MIN,
      max: PACKET_BYTES_MAX,
    }),
    numbersOption('--tos <N>', 'TOS or traffic class (default: 0); repeat to compare values', {
      min: 0,
      max: 255,
    }),
  ];
}

function stopOptions(): Option[] {
  return [
    numberOption('--max-probes <N>', 'stop after this many probes', {
      min: 1,
      max: 10_000_000,
    }).default(30_000),
    durationOption('--max-time <DURATION>', 'stop after this time', {
      minUs: 100_000,
      maxUs: 86_400_000_000,
    }).default(60_000_000, '60s'),
    probabilityOption('--confidence <P>', 'probability that a statement must have', 0.95),
    probabilityOption('--min-loss <RATIO>', 'losses below this are of no interest', 0.002),
    probabilityOption(
      '--exclude <RATIO>',
      'a clean run is over when this loss is ruled out on every link',
      0.02,
    ),
  ];
}

function hostOptions(): Option[] {
  return [
    ...sendingOptions(),
    ...familyOptions(),
    numberOption('--seed <N>', 'make everything random repeatable', { min: 0, max: SEED_MAX }),
  ];
}

/** Flags for what else is written, and how much the text tells. */
export function pictureOptions(): Option[] {
  return [
    choiceOption('--show <WHAT>', 'all flows, or those that lose packets', [
      'all',
      'suspects',
    ]).default('all'),
    fileOption('--svg <FILE>', 'draw the ECMP graph'),
    fileOption('--dot <FILE>', 'write the ECMP graph for Graphviz'),
    fileOption('--html <FILE>', 'write a page with everything, for a browser'),
  ];
}
