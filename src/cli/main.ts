#!/usr/bin/env node

/** The `fantrace` command: reads the command line and hands over to a subcommand. */

import { type Command, CommanderError } from 'commander';
import { CliError, reportError } from './cli-error.ts';
import { errorFormOf } from './error-form.ts';
import { buildProgram } from './program.ts';
import { foreignFlagAdvice } from './trace/trace-flags.ts';
import { watchOutput } from './watched-output.ts';

const EXIT_FAILED = 1;

async function main(argv: readonly string[]): Promise<void> {
  const program = buildProgram();
  let running: Command | undefined;
  program.hook('preSubcommand', (_, command) => {
    running = command;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // help and version
    process.exitCode = EXIT_FAILED;
    if (error instanceof CommanderError && error.code === 'commander.help') return; // written, too
    const { stdout, stderr } = process;
    const form = await errorFormOf(argv, { program, running });
    reportError(usageErrorOf(error, program), { form, stdout, stderr });
  }
}

/** Puts a complaint of the parser into our own form. */
function usageErrorOf(error: unknown, program: Command): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [complaint = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, foreign = ''] = /^unknown option '(.*)'$/.exec(complaint) ?? [];
  const advice = program.args[0] === 'trace' ? foreignFlagAdvice(foreign) : undefined;
  if (advice !== undefined) return new CliError('USAGE', complaint, advice);
  const [, meant] = /^\(Did you mean (.*)\?\)$/.exec(suggestion) ?? [];
  const message = complaint.replace(/\.$/, '');
  if (meant !== undefined) return new CliError('USAGE', `${message}: did you mean ${meant}?`);
  const named = program.args.find((argument) =>
    program.commands.some((command) => command.name() === argument),
  );
  const command = named === undefined ? 'fantrace' : `fantrace ${named}`;
  return new CliError('USAGE', message, `see \`${command} --help\``);
}

watchOutput('fantrace');
void main(process.argv.slice(2));
