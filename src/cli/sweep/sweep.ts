/** `fantrace sweep`: very many targets, without a table of probes. */

import { Command } from 'commander';
import { printable } from '../../lib/printable.ts';
import type { SweepRecord } from '../../model/sweep-record.ts';
import { CliError } from '../cli-error.ts';
import { inFlagNames } from '../flag-names.ts';
import { EXIT_INTERRUPTED, interruptible } from '../interruption.ts';
import { ProgressLine } from '../progress-line.ts';
import { type SweepFlags, sweepFlags } from './sweep-flags.ts';
import { openSweepRun, type PreparedSweep } from './sweep-run.ts';

/** Of options that have not the name of their flag. */
const OTHER_NAMES = { timeoutMs: '--timeout', 'shard.index': '--shard', 'shard.of': '--shard' };
const EXIT_MEASURED = 0;
const EXIT_NOTHING_ANSWERED = 3;

const EXAMPLES = `
Exit status:
  0    measured
  3    nothing answered
  1    could not measure, or could not write what was measured
  130  interrupted; the partial result is printed, and --checkpoint knows where to go on

Examples:
  sudo fantrace sweep 10.0.0.0/16
  sudo fantrace sweep --exclude-file never.txt --rate 10000 -o out.jsonl.gz targets.txt
  sudo fantrace sweep --checkpoint state.json -o out.parquet --shard 3/8 --seed 7 10.0.0.0/8
  fantrace sweep --simulate internet 10.1.0.0/20`;

/** The command, for the program to add. */
export function sweepCommand(): Command {
  const command = new Command('sweep')
    .summary('find the routers before very many targets')
    .description(
      'Probes targets by the million: in an order that spreads the load, statelessly, and ' +
        'without asking again what is known. Targets are a PREFIX, or a FILE (- for standard ' +
        'input) of addresses and prefixes, one a line.',
    )
    .argument('<FILE|-|PREFIX>', 'what to probe');
  for (const option of sweepFlags()) command.addOption(option);
  return command.addHelpText('after', EXAMPLES).action(async (from: string, flags: SweepFlags) => {
    process.exitCode = await interruptible((signal) => sweep(from, flags, signal));
  });
}

async function sweep(from: string, flags: SweepFlags, signal: AbortSignal): Promise<number> {
  const progressLine = new ProgressLine(process.stderr);
  try {
    const write = await openReport(flags); // its code may be unreadable without root
    const prepared = await openSweepRun(from, flags, {
      signal,
      tell: (text) => progressLine.showText(text),
      warn: (text) => process.stderr.write(`fantrace: ${text}\n`),
    });
    if (prepared.kind === 'plan') {
      process.stdout.write(prepared.text);
      return EXIT_MEASURED;
    }
    const record = await finished(prepared);
    progressLine.clear();
    write(record);
    if (record.partial) return EXIT_INTERRUPTED;
    return record.repliesReceived > 0 ? EXIT_MEASURED : EXIT_NOTHING_ANSWERED;
  } catch (error) {
    if (error instanceof RangeError) {
      throw new CliError('USAGE', printable(inFlagNames(error.message, OTHER_NAMES)));
    }
    throw error;
  } finally {
    progressLine.clear();
  }
}

async function finished(prepared: Extract<PreparedSweep, { kind: 'run' }>): Promise<SweepRecord> {
  try {
    return await prepared.run();
  } finally {
    await prepared.close();
  }
}

/** How the record is to be shown; nothing is loaded after this. */
async function openReport(flags: SweepFlags): Promise<(record: SweepRecord) => void> {
  const { stdout } = process;
  if (flags.json) return (record) => void stdout.write(`${JSON.stringify(record)}\n`);
  if (flags.jsonl) {
    return (record) => void stdout.write(`${JSON.stringify({ type: 'end', ...record })}\n`);
  }
  const [{ formatSweepText }, { paintFor }] = await Promise.all([
    import('../../report/sweep-text.ts'),
    import('../terminal.ts'),
  ]);
  const paint = await paintFor(stdout, process.env);
  return (record) => void stdout.write(formatSweepText(record, paint));
}
