#!/usr/bin/env node
/** The `fantrace` command: reads the command line and hands over to a subcommand. */

import { Command, CommanderError } from 'commander';
import { VERSION } from '../runtime/version.ts';
import { CliError, reportError } from './cli-error.ts';
import { isolateCommand } from './isolate.ts';
import { simulateCommand } from './simulate.ts';

const EXIT_FAILED = 1;
const SUMMARY =
  'Names the link or router that drops packets on equal-cost multipath networks, ' +
  'with how sure it is and why.';

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('fantrace')
    .description(SUMMARY)
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // told once, below, in the form that was asked for
    .showHelpAfterError(false);
  program.addCommand(isolateCommand().exitOverride().copyInheritedSettings(program));
  program.addCommand(simulateCommand().exitOverride().copyInheritedSettings(program));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // help and version
    process.exitCode = EXIT_FAILED;
    if (error instanceof CommanderError && error.code === 'commander.help') return; // written, too
    const { stdout, stderr } = process;
    reportError(usageErrorOf(error, argv), { json: wantsJson(argv), stdout, stderr });
  }
}

/** Asked for before it is known whether the command line can be read at all. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** Puts a complaint of the parser into our own form. */
function usageErrorOf(error: unknown, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [complaint = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, meant] = /^\(Did you mean (.*)\?\)$/.exec(suggestion) ?? [];
  const message = complaint.replace(/\.$/, '');
  if (meant !== undefined) return new CliError('USAGE', `${message}: did you mean ${meant}?`);
  const command = ['isolate', 'simulate'].includes(argv[0] ?? '')
    ? `fantrace ${argv[0]}`
    : 'fantrace';
  return new CliError('USAGE', message, `see \`${command} --help\``);
}

function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as `head`, is no failure of ours.
    if (error.code !== 'EPIPE') {
      process.stderr.write(`fantrace: the result cannot be written: ${error.message}\n`);
      process.exitCode = EXIT_FAILED;
    }
    process.exit();
  });
  process.stderr.on('error', () => {}); // nobody is left to be told
}

watchOutput();
await main(process.argv.slice(2));
