/** `fantrace trace`: one traceroute for each target, all at once. */

import { hostname } from 'node:os';
import { Command } from 'commander';
import type { TraceRecord } from '../model/trace-record.ts';
import type { TraceOptions } from '../runtime/trace-options.ts';
import { CliError, reportError } from './cli-error.ts';
import { type TraceFlags, traceOptions } from './trace-flags.ts';

const EXIT_REACHED = 0;
const EXIT_FAILED = 1;
const EXIT_NOT_REACHED = 2;
const EXIT_INTERRUPTED = 130;
/** Where traceroute -U probes. */
const DNS_PORT = 53;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Traces under way at a time; others wait for their turn. */
const TARGETS_AT_ONCE = 10_000;

const EXAMPLES = `
Exit status:
  0    every target answers
  2    a target is not reached
  1    could not measure
  130  interrupted; the partial result is printed

Examples:
  sudo fantrace trace example.net
  sudo fantrace trace -T -p 443 -q 1 -n www.example.net 192.0.2.7
  sudo fantrace trace --jsonl - < targets.txt
  fantrace trace --simulate one-link-loses-20-percent`;

/** The command, for the program to add. */
export function traceCommand(): Command {
  const command = new Command('trace')
    .summary('trace the route to one target or many, by TCP, UDP or ICMP')
    .description(
      'Traces the route to each TARGET: every TTL at once, over as soon as the target has ' +
        'answered. Flags are those of traceroute. With several targets all are traced at once; ' +
        '- reads targets from the standard input, one a line.',
    )
    .argument('[TARGET...]', 'host names or addresses, not needed with --simulate');
  for (const option of traceOptions()) command.addOption(option);
  return command
    .addHelpText('after', EXAMPLES)
    .action(async (targets: readonly string[], flags: TraceFlags) => {
      process.exitCode = await traceAll(targets, flags);
    });
}

async function traceAll(given: readonly string[], flags: TraceFlags): Promise<number> {
  if (flags.pretty && !flags.json && flags.format !== 'gotraceroute') {
    const hint = 'add --json or --format gotraceroute, or leave it out';
    throw new CliError('USAGE', '--pretty: there is no JSON to indent', hint);
  }
  const targets = await targetsOf(given, flags);
  if (flags.dryRun) return dryRun(targets, flags);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const options = { ...optionsOf(flags), signal: interruption.signal };
  try {
    const outcomes = await outcomesOf(targets, options, flags);
    if (interruption.signal.aborted) return EXIT_INTERRUPTED;
    if (outcomes.some((outcome) => 'error' in outcome)) return EXIT_FAILED;
    const isReached = outcomes.every((outcome) => 'record' in outcome && outcome.record.reached);
    return isReached ? EXIT_REACHED : EXIT_NOT_REACHED;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

/** Tells what would be sent. Complains as the traces themselves would. */
async function dryRun(targets: readonly string[], flags: TraceFlags): Promise<number> {
  const options = optionsOf(flags);
  try {
    if (flags.simulate === undefined) {
      const { checkEnds } = await import('./endpoints.ts');
      for (const target of targets) await checkEnds(target, options);
    }
    const { showTracePlan } = await import('./trace-plan.ts');
    await showTracePlan(targets, options, flags);
    return EXIT_REACHED;
  } catch (error) {
    throw error instanceof RangeError ? usageError(error) : error;
  }
}

async function outcomesOf(
  targets: readonly string[],
  options: TraceOptions,
  flags: TraceFlags,
): Promise<readonly Outcome[]> {
  const held = await holdAndDrop(targets, options);
  try {
    return await writtenInTurn(await traced(targets, options, flags), flags);
  } finally {
    held.release();
  }
}

/** Opens what all traces share, and gives up root. */
async function holdAndDrop(
  targets: readonly string[],
  options: TraceOptions,
): Promise<{ release(): void }> {
  // All code, as who runs it afterwards may not be permitted to read it.
  const [{ holdSockets, asSourceOf }, { dropPrivileges }] = await Promise.all([
    import('../runtime/trace.ts'),
    import('../runtime/privileges.ts'),
    import('../report/trace-formats.ts'),
    import('p-limit'),
    ...(options.simulate === undefined
      ? [import('./endpoints.ts'), import('../runtime/source-address.ts')]
      : [import('../runtime/simulated-station.ts')]),
  ]);
  const asSource = asSourceOf(options);
  if (asSource !== undefined) {
    const { sharedAsLookup } = await import('../runtime/as-lookup.ts');
    await sharedAsLookup(asSource); // one complaint for all targets
  }
  const hasSockets = options.simulate === undefined;
  const held = hasSockets ? await holdSockets(targets, options) : { release: () => {} };
  // To ask for the route of a marked packet takes the right to mark one.
  const needsRight = options.mark !== undefined && options.source === undefined;
  const note = needsRight ? undefined : dropPrivileges({ hasSockets });
  if (note !== undefined) process.stderr.write(`fantrace: ${note}\n`);
  return held;
}

/** What became of one target. */
type Outcome = { readonly record: TraceRecord } | { readonly error: unknown };

/** Starts all traces. One that fails is an outcome, unless it is the only one. */
async function traced(
  targets: readonly string[],
  options: TraceOptions,
  flags: TraceFlags,
): Promise<readonly Promise<Outcome>[]> {
  const [{ trace }, { default: pLimit }] = await Promise.all([
    import('../runtime/trace.ts'),
    import('p-limit'),
  ]);
  const limit = pLimit(TARGETS_AT_ONCE);
  return targets.map((target) =>
    limit(async (): Promise<Outcome> => {
      try {
        if (flags.simulate === undefined) {
          const { checkEnds } = await import('./endpoints.ts');
          await checkEnds(target, options);
        }
        return { record: await trace(target, options) };
      } catch (error) {
        return { error: error instanceof RangeError ? usageError(error) : error };
      }
    }),
  );
}

/** Writes the outcomes: JSON lines as traces end, all else in the order of the targets. */
async function writtenInTurn(
  running: readonly Promise<Outcome>[],
  flags: TraceFlags,
): Promise<readonly Outcome[]> {
  const { traceFormatter } = await import('../report/trace-formats.ts');
  const format = traceFormatter(
    flags.json ? 'json' : flags.jsonl ? 'jsonl' : flags.format,
    flags.pretty,
  );
  const context = {
    hostname: hostname(),
    nowSeconds: () => Math.floor(Date.now() / 1000),
    isNumeric: isNumeric(flags),
  };
  const { stdout, stderr } = process;
  const count = running.length;
  let written = 0;
  const write = (outcome: Outcome): Outcome => {
    if ('error' in outcome) {
      if (count === 1) throw outcome.error;
      reportError(outcome.error, { form: flags.jsonl ? 'line' : 'text', stdout, stderr });
      return outcome;
    }
    stdout.write(written === 0 ? format.before(count, context) : format.between);
    stdout.write(format.each(outcome.record, count, context));
    written++;
    return outcome;
  };
  if (flags.jsonl) return Promise.all(running.map(async (each) => write(await each)));
  const outcomes: Outcome[] = [];
  for (const each of running) outcomes.push(write(await each));
  if (written === 0) stdout.write(format.before(count, context));
  stdout.write(format.after(count, context));
  return outcomes;
}

/** What the library calls a range, by the name of the flag. */
/** The flags that the family of the target may forbid, by the options that they become. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  packetBytes: '--packet-size',
  flowLabel: '--flow-label',
  'dontFragment false': '--fragment',
};

function usageError({ message }: RangeError): CliError {
  const option = Object.keys(FLAG_NAMES).find((name) => message.startsWith(`${name} `));
  if (option === undefined) return new CliError('USAGE', message);
  return new CliError('USAGE', `${FLAG_NAMES[option]}${message.slice(option.length)}`);
}

function isNumeric({ dns, numeric }: TraceFlags): boolean {
  return !dns || numeric === true;
}

async function targetsOf(given: readonly string[], flags: TraceFlags): Promise<readonly string[]> {
  const read = given.includes('-') ? await linesOfInput() : [];
  const targets = given.flatMap((each) => (each === '-' ? read : [each]));
  const size = targets.slice(1).find((each) => /^\d+$/.test(each));
  if (size !== undefined) {
    const hint = `the length of packets is --packet-size ${size}`;
    throw new CliError('USAGE', `${size} is neither an address nor a host name`, hint);
  }
  if (targets.length > 0) return targets;
  if (flags.simulate !== undefined) return ['the simulated target'];
  throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
}

async function linesOfInput(): Promise<string[]> {
  const { createInterface } = await import('node:readline');
  const targets: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [target = ''] = line.trim().split(/[\s#]/, 1);
    if (target !== '') targets.push(target);
  }
  return targets;
}

function optionsOf(flags: TraceFlags): TraceOptions {
  const protocol = flags.tcp ? 'tcp' : flags.icmp ? 'icmp' : flags.protocol;
  if (protocol === 'icmp' && flags.port !== undefined) {
    throw new CliError('USAGE', '--port: ICMP has no ports', 'leave it out');
  }
  const { firstTtl = 1, maxTtl = Math.max(30, firstTtl) } = flags;
  if (firstTtl > maxTtl) {
    throw new CliError('USAGE', `--first-ttl: ${firstTtl} is above --max-ttl, which is ${maxTtl}`);
  }
  const given = {
    protocol,
    firstTtl,
    maxTtl,
    port: flags.port ?? (flags.udp ? DNS_PORT : undefined),
    queries: flags.queries,
    retries: flags.retries,
    timeoutMs: flags.wait === undefined ? undefined : Math.ceil(flags.wait / 1000),
    parallelTtls: flags.simQueries,
    gapLimit: flags.gapLimit,
    maxTimeMs: flags.maxTime === undefined ? undefined : Math.ceil(flags.maxTime / 1000),
    packetBytes: flags.packetSize,
    sourcePort: flags.sourcePort,
    source: flags.source,
    interface: flags.interface,
    mark: flags.mark,
    timestamps: flags.timestamps,
    tos: flags.tos,
    flowLabel: flags.flowLabel,
    dontFragment: flags.fragment === undefined ? undefined : false,
    rate: flags.pause ? 1e6 / flags.pause : flags.rate,
    family: flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined,
    seed: flags.seed,
    simulate: flags.simulate,
    names: !isNumeric(flags),
    asDns: flags.asLookup,
    asDatabase: flags.asnDb,
  };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as TraceOptions;
}
