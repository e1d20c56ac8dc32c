/** The whole command line: every subcommand, and the settings that reach all of them. */

import { Command, type OutputConfiguration } from 'commander';
import { VERSION } from '../runtime/version.ts';
import { CliError } from './cli-error.ts';
import { completionsCommand } from './completions.ts';
import { doctorCommand } from './doctor.ts';
import { analyzeCommand } from './isolate/analyze.ts';
import { isolateCommand } from './isolate/isolate.ts';
import { diffCommand } from './paths/diff.ts';
import { pathsCommand } from './paths/paths.ts';
import { applySettings, unknownVariables } from './settings.ts';
import { simulateCommand } from './simulate.ts';
import { sweepCommand } from './sweep/sweep.ts';
import { traceCommand } from './trace/trace.ts';
import { watchCommand } from './watch/watch.ts';

const SUMMARY =
  'Names the link or router that drops packets on equal-cost multipath networks, ' +
  'with how sure it is and why.';

/** Told once, in the form that was asked for, by whoever catches the error. */
const SILENT: OutputConfiguration = { outputError: () => {} };

/** No command knows what to do with nothing, as of a variable of a shell that is not set. */
function requireArguments({ args }: Command): void {
  if (args.every((argument) => argument.trim() !== '')) return;
  throw new CliError('USAGE', 'an argument is empty', 'is a variable of the shell not set?');
}

/** The program, which throws instead of ending the process. */
export function buildProgram(): Command {
  const program = new Command('fantrace')
    .description(SUMMARY)
    .version(VERSION, '-V, --version')
    .option('--config <FILE>', 'settings file, instead of ~/.config/fantrace/config.toml')
    .exitOverride()
    .configureOutput(SILENT)
    .showHelpAfterError(false)
    .hook('preAction', async (_, command) => {
      requireArguments(command);
      await applySettings(command, program);
      for (const note of unknownVariables(program)) process.stderr.write(`fantrace: ${note}\n`);
    });
  const commands = [
    isolateCommand(),
    traceCommand(),
    pathsCommand(),
    diffCommand(),
    watchCommand(),
    sweepCommand(),
    analyzeCommand(),
    simulateCommand(),
    doctorCommand(),
    completionsCommand(buildProgram),
  ];
  for (const command of commands) {
    program.addCommand(command.exitOverride().copyInheritedSettings(program));
  }
  return program;
}
