/** `fantrace paths`: every path to a target, with the probability of having missed one. */

import { Command } from 'commander';
import type { PathsRecord } from '../../model/paths-record.ts';
import type { FinishedPaths } from '../../runtime/paths/paths.ts';
import type { PathsOptions } from '../../runtime/paths/paths-options.ts';
import { CliError } from '../cli-error.ts';
import { inFlagNames } from '../flag-names.ts';
import { EXIT_INTERRUPTED, interruptible } from '../interruption.ts';
import { openOutputs, statusWithFiles } from '../output-files.ts';
import { type PathsFlags, pathsFlags, pathsOptionsOf } from './paths-flags.ts';
import { openPathsReport, type PathsReport } from './paths-report.ts';

const EXIT_SURE = 0;
const EXIT_NOT_REACHED = 2;
const EXIT_NOT_SURE = 3;

const EXAMPLES = `
Exit status:
  0    the target is reached, and every path is known as surely as was asked for
  2    the target is not reached, or paths are broken
  3    not sure: a limit ended the search, or paths kept changing
  1    could not measure
  130  interrupted; the partial result is printed

Examples:
  sudo fantrace paths example.net
  sudo fantrace paths --protocol tcp -p 443 --svg paths.svg www.example.net
  sudo fantrace paths --format scamper 192.0.2.7
  fantrace paths --simulate healthy-fabric`;

/** The command, for the program to add. */
export function pathsCommand(): Command {
  const command = new Command('paths')
    .summary('find every path to a target, and say how surely none was missed')
    .description(
      'Finds every path that equal-cost multipath routing gives the flows to TARGET (MDA): ' +
        'all hops at once, each balancer until one more branch can be ruled out.',
    )
    .argument('[TARGET]', 'host name or address, not needed with --simulate');
  for (const option of pathsFlags()) command.addOption(option);
  return command
    .addHelpText('after', EXAMPLES)
    .action(async (target: string | undefined, flags: PathsFlags) => {
      process.exitCode = await showPaths(target, flags);
    });
}

/** The status for a search that came to its end. */
function exitStatusOf({ partial, reached, paths, stopReason }: PathsRecord): number {
  if (partial) return EXIT_INTERRUPTED;
  if (paths.broken > 0) return EXIT_NOT_REACHED;
  const isCutShort = stopReason === 'max-probes' || stopReason === 'max-time';
  if (!reached && !isCutShort) return EXIT_NOT_REACHED;
  return stopReason === 'complete' ? EXIT_SURE : EXIT_NOT_SURE;
}

async function showPaths(given: string | undefined, flags: PathsFlags): Promise<number> {
  if (given === undefined && flags.simulate === undefined) {
    throw new CliError('USAGE', 'no target given', 'name a host, or use --simulate NAME');
  }
  const target = given ?? 'the simulated target';
  return interruptible(async (signal) => {
    const options = pathsOptionsOf(flags, signal);
    if (flags.simulate === undefined) {
      const { checkEnds } = await import('../endpoints.ts');
      await checkEnds(target, options);
    }
    if (flags.dryRun) {
      const { showPathsPlan } = await import('./paths-plan.ts');
      await orUsageError(showPathsPlan(target, options, flags));
      return EXIT_SURE;
    }
    const outputs = openOutputs({
      ...(flags.svg === undefined ? {} : { svg: flags.svg }),
      ...(flags.dot === undefined ? {} : { dot: flags.dot }),
    });
    const report = await openPathsReport(flags, outputs);
    const finished = await found(target, options, report);
    const failures = report.finish(finished);
    return statusWithFiles(exitStatusOf(finished.record), failures);
  });
}

/** Everything that needs a right or a module comes before root is given up. */
async function found(
  target: string,
  options: PathsOptions,
  { event }: PathsReport,
): Promise<FinishedPaths> {
  const [{ findPaths }, { ProgressLine }, { dropPrivileges }] = await Promise.all([
    import('../../runtime/paths/paths.ts'),
    import('../progress-line.ts'),
    import('../../runtime/host/privileges.ts'),
  ]);
  const progress = new ProgressLine(process.stderr);
  const opened = (): void => {
    const note = dropPrivileges({ hasSockets: options.simulate === undefined });
    if (note !== undefined) process.stderr.write(`fantrace: ${note}\n`);
  };
  try {
    return await orUsageError(
      findPaths(target, options, {
        event,
        opened,
        progress: (counts, elapsedUs) => progress.show({ ...counts, elapsedUs }),
      }),
    );
  } finally {
    progress.clear();
  }
}

/** With ranges told as mistakes on the command line. */
async function orUsageError<Result>(run: Promise<Result>): Promise<Result> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof RangeError) throw new CliError('USAGE', inFlagNames(error.message));
    throw error;
  }
}
