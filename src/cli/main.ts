#!/usr/bin/env node
/** The `fantrace` command: reads the command line and hands over to a subcommand. */

import { Command, CommanderError } from 'commander';
import { CliError, reportError } from './cli-error.ts';
import { isolateCommand } from './isolate.ts';

const EXIT_FAILED = 1;
const SUMMARY =
  'Names the link or router that drops packets on equal-cost multipath networks, with how sure it is and why.';

async function main(argv: readonly string[]): Promise<void> {
  const wantsJson = argv.includes('--json');
  const program = new Command('fantrace')
    .description(SUMMARY)
    .version((await import('../runtime/version.ts')).VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // told once, below, in the form that was asked for
    .showHelpAfterError(false);
  program.addCommand(isolateCommand().exitOverride().copyInheritedSettings(program));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // help and version
    if (error instanceof CommanderError && error.code === 'commander.help') {
      process.exitCode = EXIT_FAILED; // help has been written, as no command was given
      return;
    }
    reportError(usageErrorOf(error), { json: wantsJson });
    process.exitCode = EXIT_FAILED;
  }
}

function usageErrorOf(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new CliError('USAGE', message, 'see `fantrace --help`');
}

// A reader that has seen enough, such as `head`, is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await main(process.argv.slice(2));
