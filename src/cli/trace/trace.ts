/** `fantrace trace`: one traceroute for each target, all at once. */

import { Command } from 'commander';
import type { TraceCall } from '../../runtime/trace/trace.ts';
import type { TraceOptions } from '../../runtime/trace/trace-options.ts';
import { CliError, reportError } from '../cli-error.ts';
import { EXIT_INTERRUPTED, interruptible } from '../interruption.ts';
import { type TraceFlags, traceOptions } from './trace-flags.ts';
import type { Outcome } from './trace-output.ts';
import { inFlagNames, optionsOf, targetsOf } from './trace-request.ts';

const EXIT_REACHED = 0;
const EXIT_FAILED = 1;
const EXIT_NOT_REACHED = 2;
const TOO_EARLY = 'interrupted before anything was sent';
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
  const options = optionsOf(flags);
  if (flags.dryRun) return dryRun(targets, options, flags);
  return interruptible((signal) => traceUntil(signal, targets, { options, flags }));
}

async function traceUntil(
  signal: AbortSignal,
  targets: readonly string[],
  { options, flags }: { readonly options: TraceOptions; readonly flags: TraceFlags },
): Promise<number> {
  try {
    const outcomes = await outcomesOf(targets, { ...options, signal }, flags);
    return signal.aborted ? interrupted() : exitStatusOf(outcomes);
  } catch (error) {
    if (!signal.aborted) throw error;
    const form = flags.json ? 'document' : flags.jsonl ? 'line' : 'text';
    reportError(error, { form, stdout: process.stdout, stderr: process.stderr });
    return interrupted();
  }
}

/** Name look-ups of the system cannot be ended: the process does not wait for them. */
function interrupted(): number {
  process.stdout.write('', () => process.exit(EXIT_INTERRUPTED));
  return EXIT_INTERRUPTED;
}

function exitStatusOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some((outcome) => 'error' in outcome)) return EXIT_FAILED;
  const isReached = outcomes.every((outcome) => 'record' in outcome && outcome.record.reached);
  return isReached ? EXIT_REACHED : EXIT_NOT_REACHED;
}

/** Tells what would be sent. Complains as the traces themselves would. */
async function dryRun(
  targets: readonly string[],
  options: TraceOptions,
  flags: TraceFlags,
): Promise<number> {
  try {
    const { showTracePlan } = await import('./trace-plan.ts');
    await showTracePlan(targets, options, flags);
    return EXIT_REACHED;
  } catch (error) {
    throw inFlagNames(error);
  }
}

async function outcomesOf(
  targets: readonly string[],
  options: TraceOptions,
  flags: TraceFlags,
): Promise<readonly Outcome[]> {
  // All code, as who runs it once root is given up may not be permitted to read it.
  const [{ TraceOutput }, { TraceProgress }, { default: pLimit }] = await Promise.all([
    import('./trace-output.ts'),
    import('./trace-progress.ts'),
    import('p-limit'),
  ]);
  const output = await TraceOutput.open(targets, flags);
  const held = await holdAndDrop(targets, options);
  const progress = new TraceProgress(process.stderr, targets.length);
  const limit = pLimit(TARGETS_AT_ONCE);
  try {
    const running = targets.map((target) => limit(() => traced(target, options, progress)));
    return await output.write(running, () => {
      if (process.stdout.isTTY) progress.clear();
    });
  } finally {
    progress.clear();
    held.release();
  }
}

/** Opens what all traces share, and gives up root. */
async function holdAndDrop(
  targets: readonly string[],
  options: TraceOptions,
): Promise<{ release(): void }> {
  const [{ holdSockets, asSourceOf }, { dropPrivileges }] = await Promise.all([
    import('../../runtime/trace/trace.ts'),
    import('../../runtime/host/privileges.ts'),
    options.simulate === undefined
      ? import('../../runtime/host/source-address.ts')
      : import('../../runtime/trace/simulated-station.ts'),
  ]);
  const asSource = asSourceOf(options);
  if (asSource !== undefined) {
    const { sharedAsLookup } = await import('../../runtime/names/as-sources.ts');
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

async function traced(
  target: string,
  options: TraceOptions,
  progress: { follow(call: TraceCall): void },
): Promise<Outcome> {
  try {
    const { trace } = await import('../../runtime/trace/trace.ts');
    const call = trace(target, options);
    progress.follow(call);
    return { record: await call };
  } catch (error) {
    const isEarly = error instanceof Error && error.name === 'AbortError';
    return { error: isEarly ? new CliError('INTERRUPTED', TOO_EARLY) : inFlagNames(error) };
  }
}
