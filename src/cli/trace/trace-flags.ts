/** The flags of `fantrace trace`: those of traceroute(8), as far as it has them. */

import { Option } from 'commander';
import type { TraceProtocol } from '../../model/trace-record.ts';
import type { TraceOptions } from '../../runtime/trace/trace-options.ts';
import { choiceOption, durationOption, familyOptions, numberOption } from '../flag-values.ts';

export interface TraceFlags {
  readonly protocol: TraceProtocol;
  readonly tcp?: true;
  readonly icmp?: true;
  readonly udp?: true;
  readonly port?: number;
  readonly firstTtl?: number;
  readonly maxTtl?: number;
  readonly queries?: number;
  readonly retries?: number;
  readonly wait?: number;
  readonly simQueries?: number;
  readonly gapLimit?: number;
  readonly maxTime?: number;
  readonly packetSize?: number;
  readonly sourcePort?: number;
  readonly source?: string;
  readonly interface?: string;
  readonly mark?: number;
  readonly timestamps?: TraceOptions['timestamps'];
  readonly tos?: number;
  readonly flowLabel?: number;
  readonly fragment?: true;
  readonly rate?: number;
  readonly pause?: number;
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly seed?: number;
  readonly simulate?: string;
  readonly dns: boolean;
  readonly numeric?: true;
  readonly asLookup?: true;
  readonly asnDb?: string;
  readonly json?: true;
  readonly jsonl?: true;
  readonly format: string;
  readonly pretty?: true;
  readonly dryRun?: true;
}

const TTL_RANGE = { min: 1, max: 255 };
const FORMATS = [
  'text',
  'traceroute',
  'mtr',
  'gotraceroute',
  'gotraceroute-text',
  'scamper',
  'atlas',
  'csv',
];

/** All of them, in the order of the help. */
export function traceOptions(): Option[] {
  return [...probeOptions(), ...courseOptions(), ...outputOptions()];
}

/** What probes are made of, and where they leave. */
function probeOptions(): Option[] {
  return [
    choiceOption('-M, --protocol <NAME>', 'what probes are made of', [
      'udp',
      'udp-classic',
      'tcp',
      'tcp-ack',
      'icmp',
    ]).default('udp'),
    new Option('-T, --tcp', 'TCP SYN probes').conflicts(['icmp', 'udp', 'protocol']),
    new Option('-I, --icmp', 'ICMP echo probes').conflicts(['tcp', 'udp', 'protocol']),
    new Option('-U, --udp', 'UDP probes to port 53').conflicts(['tcp', 'icmp', 'protocol']),
    numberOption(
      '-p, --port <PORT>',
      'destination port (default: 33434; 443 with TCP, 53 with -U)',
      {
        min: 0,
        max: 65_535,
      },
    ),
    numberOption('--packet-size <BYTES>', 'length of each probe with its IP header', {
      min: 28,
      max: 65_535,
    }),
    numberOption('--source-port <PORT>', 'source port, or ICMP identifier', {
      min: 1,
      max: 65_535,
    }),
    new Option('-s, --source <ADDRESS>', 'send from this address').conflicts('simulate'),
    new Option('-i, --interface <DEVICE>', 'send by this network interface').conflicts('simulate'),
    numberOption('--mark <N>', 'mark (SO_MARK) of the probes, for routing and firewalls here', {
      min: 0,
      max: 2 ** 32 - 1,
    }).conflicts('simulate'),
    numberOption('-t, --tos <N>', 'TOS or traffic class (default: 0)', { min: 0, max: 255 }),
    numberOption('-l, --flow-label <N>', 'IPv6 flow label', { min: 0, max: 0xfffff }),
    new Option('--fragment', 'let routers cut IPv4 probes into fragments'),
    new Option('-F, --dont-fragment', 'the default').conflicts('fragment').hideHelp(),
    ...familyOptions(),
  ];
}

/** Which probes are sent, and when. */
function courseOptions(): Option[] {
  return [
    numberOption('-f, --first-ttl <TTL>', 'first TTL (default: 1)', TTL_RANGE),
    numberOption('-m, --max-ttl <TTL>', 'last TTL (default: 30)', TTL_RANGE),
    numberOption('-q, --queries <N>', 'probes at each TTL (default: 3)', { min: 1, max: 100 }),
    numberOption('--retries <N>', 'further probes for each lost one (default: 0)', {
      min: 0,
      max: 100,
    }),
    durationOption('-w, --wait <DURATION>', 'longest wait for a reply (default: 1s)', {
      minUs: 10_000,
      maxUs: 10_000_000,
      bareUs: (value) => 1e6 * value,
    }),
    numberOption('-N, --sim-queries <N>', 'TTLs under way at a time (default: all)', TTL_RANGE),
    numberOption('--gap-limit <N>', 'end behind so many silent hops, 0 for never (default: 8)', {
      min: 0,
      max: 255,
    }),
    durationOption('--max-time <DURATION>', 'longest time for one trace', {
      minUs: 10_000,
      maxUs: 86_400_000_000,
    }),
    durationOption('-z, --pause <DURATION>', 'between one probe and the next (default: 50us)', {
      minUs: 0,
      maxUs: 10_000_000,
      bareUs: (value) => (value > 10 ? 1e3 : 1e6) * value, // as traceroute has it
    }).conflicts('rate'),
    numberOption('--rate <PPS>', 'probes a second in all (default: 20000)', {
      min: 1,
      max: 1_000_000,
    }),
    choiceOption('--timestamps <HOW>', 'who tells when a probe left (default: estimated)', [
      'estimated',
      'kernel',
      'ring',
    ]),
    numberOption('--seed <N>', 'make simulations repeatable', { min: 0, max: 2 ** 32 - 1 }),
    new Option(
      '--simulate <NAME|FILE>',
      'run on a simulated network: a shipped scenario, or a file',
    ),
  ];
}

/** What is shown, and how. */
function outputOptions(): Option[] {
  return [
    new Option('-n, --numeric', 'do not look up names of addresses'),
    new Option('--no-dns', 'the same as --numeric'),
    new Option('-e, --extensions', 'always shown').hideHelp(),
    new Option('-A, --as-lookup', 'show autonomous systems, asking the DNS (Team Cymru) for them'),
    new Option('--asn-db <FILE>', 'look autonomous systems up in this database (MMDB) instead'),
    choiceOption('--format <NAME>', 'how the result is written', FORMATS).default('text'),
    new Option('--json', 'write one JSON document, schema fantrace.trace/1; many targets: an array')
      .conflicts('jsonl')
      .conflicts('format'),
    new Option('--jsonl', 'write each trace as a line of JSON, as it ends').conflicts('format'),
    new Option('--pretty', 'indent what --json and --format gotraceroute write'),
    new Option('--dry-run', 'show the plan and its cost, and send nothing').conflicts('format'),
  ];
}

/** Flags of other traceroutes that have another name here, or none. */
const FOREIGN_FLAGS: Readonly<Record<string, string>> = {
  '--first': 'it is --first-ttl here',
  '--max-hops': 'it is --max-ttl here',
  '--sport': 'it is --source-port here',
  '--fwmark': 'it is --mark here',
  '--flowlabel': 'it is --flow-label here',
  '--sendwait': 'it is --pause here',
  '--module': 'it is --protocol here',
  '--as-path-lookups': 'it is --as-lookup here',
  '--back': '--json has the length of each way back as returnLength',
  '--mtu': 'send --packet-size 1500: who cannot forward it says !F and the size that fits',
  '-c': 'probes for each hop are --queries here',
  '-r': 'probes leave by the routes of this host, or by --interface',
  '-g': 'routers of today drop source routes: there is no such flag',
  '-O': 'there are flags for what was an option of a module',
  '-j': 'it is --json here, or --format gotraceroute',
  '-J': 'it is --json --pretty here, or --format gotraceroute --pretty',
};

/** What to say of a flag that the command does not have; undefined where nothing is known of it. */
export function foreignFlagAdvice(flag: string): string | undefined {
  return FOREIGN_FLAGS[flag.split('=', 1)[0] ?? ''];
}
