/**
 * In which form errors are told: that of the result, wherever it was asked for. It may have to be
 * known when the command line cannot be read, so that the arguments themselves are looked at, and
 * when settings are wrong, so that nothing here throws.
 */

import type { Command } from 'commander';
import type { ErrorForm } from './cli-error.ts';
import { isOn, settingsOf } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The two switches, and the form that each asks for; the first wins. */
const FORMS = [
  { name: 'jsonl', form: 'line' },
  { name: 'json', form: 'document' },
] as const;

/**
 * The form for errors of one command line. A flag wins over the environment, which wins over the
 * settings file.
 *
 * @param running the subcommand, if the line got as far as to name one
 */
export async function errorFormOf(
  argv: readonly string[],
  { program, running }: { readonly program: Command; readonly running: Command | undefined },
  env: Environment = process.env,
): Promise<ErrorForm> {
  const end = argv.indexOf('--');
  const words = argv.slice(0, end < 0 ? argv.length : end);
  const given = FORMS.find(({ name }) => words.includes(`--${name}`));
  if (given !== undefined) return given.form;
  const known = FORMS.filter(({ name }) =>
    running?.options.some(({ long }) => long === `--${name}`),
  );
  if (running === undefined || known.length === 0) return 'text';
  const sources = await settingsOf(running, program, env);
  for (const values of sources) {
    const set = known.filter(({ name }) => values[name] !== undefined);
    const wanted = set.find(({ name }) => isOn(values[name]));
    if (wanted !== undefined) return wanted.form;
    // What is switched off here stays so, whatever weaker sources say.
    for (const { name } of set)
      known.splice(
        known.findIndex((each) => each.name === name),
        1,
      );
  }
  return 'text';
}
