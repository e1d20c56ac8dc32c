/** `fantrace completions`: a script that teaches a shell to complete commands, flags and values. */

import { Argument, Command, type Option } from 'commander';
import { CliError } from './cli-error.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const EXAMPLES = `
Examples:
  fantrace completions bash > ~/.local/share/bash-completion/completions/fantrace
  fantrace completions zsh > "\${fpath[1]}/_fantrace"
  fantrace completions fish > ~/.config/fish/completions/fantrace.fish`;

/** What a value can be completed from: words, files, both or nothing. */
interface Values {
  readonly words: readonly string[];
  readonly isFile: boolean;
}

const NOTHING: Values = { words: [], isFile: false };

interface Flag {
  readonly names: readonly string[];
  readonly description: string;
  /** undefined for a switch. */
  readonly values: Values | undefined;
}

interface Completed {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly argument: Values;
}

/** The command. @param buildProgram makes the program that is to be completed */
export function completionsCommand(buildProgram: () => Command): Command {
  return new Command('completions')
    .summary('write a completion script for a shell')
    .description('Writes a script that completes commands, flags and values in SHELL.')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(SHELLS).argParser(shellNamed))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: Shell) => {
      const { shippedScenarios } = await import('../runtime/scenario-files.ts');
      process.stdout.write(completionScript(buildProgram(), shell, shippedScenarios()));
    });
}

function shellNamed(text: string): string {
  if (SHELLS.some((shell) => shell === text)) return text;
  const message = `${JSON.stringify(text)} is not one of ${SHELLS.join(', ')}`;
  throw new CliError('USAGE', `SHELL: ${message}`);
}

/** The script for one shell. @param scenarios names that `--simulate` takes beside files */
export function completionScript(
  program: Command,
  shell: Shell,
  scenarios: readonly string[],
): string {
  const commands = program.commands.map((command) => completed(command, scenarios));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

function completed(command: Command, scenarios: readonly string[]): Completed {
  const [argument] = command.registeredArguments;
  const name = argument?.name() ?? '';
  return {
    name: command.name(),
    summary: command.summary(),
    flags: [
      ...command.options.map((option) => flagOf(option, scenarios)),
      { names: ['-h', '--help'], description: 'display help for command', values: undefined },
    ],
    argument: valuesOf(name, argument?.argChoices, scenarios),
  };
}

function flagOf(option: Option, scenarios: readonly string[]): Flag {
  const { short, long, description, flags, argChoices } = option;
  const value = /<(.+)>/.exec(flags)?.[1];
  return {
    names: [short, long].filter((name) => typeof name === 'string'),
    description,
    values: value === undefined ? undefined : valuesOf(value, argChoices, scenarios),
  };
}

function valuesOf(
  name: string,
  choices: readonly string[] | undefined,
  scenarios: readonly string[],
): Values {
  if (choices !== undefined) return { words: choices, isFile: false };
  const isScenario = name === 'NAME|FILE' || name === 'SCENARIO';
  return { words: isScenario ? scenarios : [], isFile: isScenario || name === 'FILE' };
}

function bashScript(commands: readonly Completed[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for fantrace
_fantrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${names} help --help --version' -- "$current")
    return
  fi
  case "$command $previous" in
${commands.flatMap(bashValues).join('\n')}
  esac
  case "$command" in
${commands.map(bashCommand).join('\n')}
  esac
}
complete -F _fantrace fantrace
`;
}

function bashValues({ name, flags }: Completed): string[] {
  return flags
    .filter(({ values }) => values !== undefined)
    .map(({ names, values }) => {
      const patterns = names.map((flag) => `'${name} ${flag}'`).join(' | ');
      return `    ${patterns}) ${bashWords(values ?? NOTHING)}; return ;;`;
    });
}

function bashWords({ words, isFile }: Values): string {
  const sources = [
    ...(words.length > 0 ? [`compgen -W '${words.join(' ')}' -- "$current"`] : []),
    ...(isFile ? ['compgen -f -- "$current"'] : []),
  ];
  return sources.length === 0 ? ':' : `mapfile -t COMPREPLY < <(${sources.join('; ')})`;
}

function bashCommand({ name, flags, argument }: Completed): string {
  const names = flags.flatMap((flag) => flag.names).join(' ');
  return `    ${name})
      if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '${names}' -- "$current")
      else
        ${bashWords(argument)}
      fi ;;`;
}

function zshScript(commands: readonly Completed[]): string {
  const described = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  return `#compdef fantrace
_fantrace() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(zshCommand).join('\n')}
  esac
}
_fantrace "$@"
`;
}

function zshCommand({ name, flags, argument }: Completed): string {
  const specs = flags.flatMap(({ names, description, values }) => {
    const value = values === undefined ? '' : `:value:${zshValues(values)}`;
    return names.map((flag) => `'${flag}[${zshText(description)}]${value}'`);
  });
  return `    ${name}) _arguments ${[...specs, `'*:value:${zshValues(argument)}'`].join(' ')} ;;`;
}

function zshValues({ words, isFile }: Values): string {
  if (words.length === 0) return isFile ? '_files' : '';
  const alternatives = `(${words.join(' ')})`;
  return isFile
    ? `{_alternative "words\\:word\\:${alternatives}" "files\\:file\\:_files"}`
    : alternatives;
}

/** For single quotes, within brackets or before a colon. */
function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&');
}

function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, summary, flags, argument }) => {
    const inside = `complete -c fantrace -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c fantrace -n __fish_use_subcommand -a ${name} -d ${fishText(summary)}`,
      ...flags.map((flag) => `${inside} ${fishFlag(flag)}`),
      ...(argument.words.length > 0 ? [`${inside} -a '${argument.words.join(' ')}'`] : []),
      ...(argument.isFile ? [`${inside} -F`] : []),
    ];
  });
  return `# fish completion for fantrace\ncomplete -c fantrace -f\n${lines.join('\n')}\n`;
}

function fishFlag({ names, description, values }: Flag): string {
  const flags = names.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const { words, isFile } = values ?? NOTHING;
  const offered = words.length > 0 ? [`-a '${words.join(' ')}'`] : [];
  const value = values === undefined ? [] : [isFile ? '-r -F' : '-x', ...offered];
  return [...flags, ...value, `-d ${fishText(description)}`].join(' ');
}

function fishText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
