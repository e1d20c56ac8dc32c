/** The manual page, from the same commands and flags that the command line is read with: man(7). */

import type { Command, Option } from 'commander';

/** The page in section 1. */
export function manPage(program: Command): string {
  const { commands } = program;
  return [
    '.TH FANTRACE 1 "" "fantrace" "User Commands"',
    '.SH NAME',
    'fantrace \\- name the link or router that drops packets on multipath networks',
    '.SH SYNOPSIS',
    ...commands.flatMap((command) => ['.br', `.B fantrace ${synopsis(command)}`]),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH ENVIRONMENT',
    '.TP',
    '.B FANTRACE_\\fIFLAG\\fR',
    roff(
      'Sets a flag that the command line does not: FANTRACE_MAX_TTL=20 is --max-ttl 20. ' +
        'Switches take 1, true, yes or on, and 0, false, no or off.',
    ),
    '.TP',
    '.B FANTRACE_CONFIG',
    'Names the settings file.',
    '.TP',
    '.BR NO_COLOR ", " FORCE_COLOR',
    'No colours, or colours also in a pipe.',
    '.SH FILES',
    '.TP',
    '.I ~/.config/fantrace/config.toml',
    roff('Settings in TOML, one table a command: [isolate], and in it max-ttl = 20.'),
    '.SH "EXIT STATUS"',
    ...EXIT_STATUS.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, roff(meaning)]),
    '',
  ].join('\n');
}

const EXIT_STATUS = [
  ['0', 'measured, nothing is wrong'],
  ['2', 'measured, something is wrong'],
  ['3', 'measured, inconclusive'],
  ['1', 'could not measure: usage, permission, name, socket'],
  ['130', 'interrupted; the partial result is printed'],
] as const;

function synopsis(command: Command): string {
  return `${command.name()} ${roff(command.usage())}`;
}

function commandSection(command: Command): string[] {
  return [
    `.SS "fantrace ${synopsis(command)}"`,
    roff(command.description()),
    ...command.options.flatMap((option) => [
      '.TP',
      `.B ${roff(option.flags)}`,
      roff(described(option)),
    ]),
  ];
}

/** What a flag does, with its default and its choices. */
export function described({
  description,
  defaultValue,
  defaultValueDescription,
  argChoices,
  negate,
}: Option): string {
  const choices = argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`];
  const preset = defaultValueDescription ?? defaultValue;
  const isShown = preset !== undefined && !negate;
  const notes = [...choices, ...(isShown ? [`default: ${preset}`] : [])];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** Text as roff shows it literally: groff_man(7) on hyphens, and no line begins a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(['.])/gm, '\\&$1');
}
