/** The manual page, from the same commands and flags that the command line is read with: man(7). */

import type { Command, Option } from 'commander';
import { EXIT_BY_VERDICT } from '../../src/cli/isolate/isolate.ts';
import type { VerdictKind } from '../../src/model/verdict.ts';

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
    '.PP',
    roff(START),
    '.SH VERDICTS',
    roff(
      'The first line of isolate is the answer, in words; --json has it as one of these. In ' +
        'brackets the exit status.',
    ),
    ...Object.entries(VERDICTS).flatMap(([verdict, meaning]) =>
      entry(`${verdict} [${EXIT_BY_VERDICT[verdict as VerdictKind]}]`, meaning),
    ),
    '.PP',
    roff(TABLE),
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
    ...EXIT_STATUS.flatMap(([status, meaning]) => entry(status, meaning)),
    '.SH "SEE ALSO"',
    '.BR fbtracert (1),',
    '.BR traceroute\\-caller (1);',
    roff('the pages of docs/ at the home of the project, and schemas/ in the package'),
    '',
  ].join('\n');
}

const START =
  'Where some connections suffer and others do not, begin with: sudo fantrace isolate HOST ' +
  '--port PORT, with the port of the connections that suffer. It needs root or CAP_NET_RAW; ' +
  'fantrace doctor tells what this machine permits. Without either, --simulate ' +
  'one-link-loses-20-percent shows what to expect.';
const TABLE =
  'Hops are named by their TTL and a letter: 3g is the seventh interface at TTL 3, and "→ 4c" ' +
  'says that it leads on to the third at TTL 4. "!" marks a suspect, and "?" what fits the same ' +
  'evidence.';
const VERDICTS: Readonly<Record<VerdictKind, string>> = {
  'no-loss': 'nothing is lost; the sentence says how much loss is ruled out on every link',
  'loss-located': 'this link or router drops packets, with the stated probability',
  'loss-suspected': 'packets are dropped, most probably here',
  'return-loss': 'the probes arrive, their answers get lost on the way back',
  'target-loss':
    'only answers of the target are missing: it, its last link, the last router or the way back ' +
    'loses them',
  'target-unreachable':
    'the target answers no flow; where a filter may drop the probes, try another --port',
  inconclusive: 'too little answered to say anything',
};
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
    ...command.registeredArguments.flatMap((each) => entry(each.name(), each.description)),
    ...command.options.flatMap((option) => entry(option.flags, described(option))),
    ...verbatim(textAfterHelp(command)),
  ];
}

function entry(name: string, meaning: string): string[] {
  return ['.TP', `.B ${roff(name)}`, roff(meaning)];
}

/** Exit status and examples, as `--help` ends with them. */
function textAfterHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}

/** Lines as they are. */
function verbatim(text: string): string[] {
  return text === '' ? [] : ['.PP', '.nf', roff(text), '.fi'];
}

/**
 * The page of a drop-in, whose flags describe themselves.
 *
 * @param usage what `-h` prints
 */
export function dropInPage({ name, replaces, target, usage, statuses }: DropIn): string {
  return [
    `.TH ${roff(name).toUpperCase()} 1 "" "fantrace" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(replaces)}`,
    '.SH SYNOPSIS',
    `.B ${roff(`${name} [flags] ${target}`.trim())}`,
    '.SH FLAGS',
    'One dash or two; values behind a blank or an equals sign.',
    ...verbatim(usage.replaceAll('\t', '    ').trim()),
    '.SH "EXIT STATUS"',
    ...statuses.flatMap(([status, meaning]) => entry(status, meaning)),
    '.SH "SEE ALSO"',
    '.BR fantrace (1)',
    '',
  ].join('\n');
}

/** What takes the place of another program. */
export interface DropIn {
  readonly name: string;
  readonly replaces: string;
  /** Behind the flags; empty for none. */
  readonly target: string;
  readonly usage: string;
  readonly statuses: readonly (readonly [status: string, meaning: string])[];
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
