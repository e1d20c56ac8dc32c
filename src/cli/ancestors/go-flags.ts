/**
 * Command lines as Go's `flag` package reads them: one dash or two, `-flag value` or `-flag=value`,
 * booleans without a value of their own, `--` as the end of the flags. Unlike there, flags may also
 * stand behind other arguments.
 */

/** A flag: its preset says which kind of value it takes. */
export interface GoFlag<Preset extends number | boolean | string = number | boolean | string> {
  readonly preset: Preset;
  readonly help: string;
  /** What its value is called in the help, where not `int` or `string`. */
  readonly valueName?: string;
  /** What is wrong with a text that is none of its values; empty where nothing is. */
  readonly flaw?: (text: string) => string;
}

export type GoFlags = Readonly<Record<string, GoFlag>>;

/** Any value of the kind of a preset. */
type Widened<Preset> = Preset extends number ? number : Preset extends boolean ? boolean : string;

/** A value for each flag. */
export type GoFlagValues<Flags extends GoFlags> = {
  readonly [Name in keyof Flags]: Widened<Flags[Name]['preset']>;
};

export interface GoCommandLine<Flags extends GoFlags> {
  readonly values: GoFlagValues<Flags>;
  /** Names of the flags that were on the line. */
  readonly given: ReadonlySet<string>;
  /** All that is no flag, in order. */
  readonly rest: readonly string[];
  readonly isHelpWanted: boolean;
}

/** The command line cannot be read; the message is that of Go. */
export class GoFlagError extends Error {
  override readonly name = 'GoFlagError';
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];
/** Go integers are of 64 bits; numbers are exact only this far, which no flag needs more than. */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

/** @throws {GoFlagError} for flags and values that Go would refuse, too */
export function parseGoFlags<Flags extends GoFlags>(
  argv: readonly string[],
  flags: Flags,
): GoCommandLine<Flags> {
  const values = new Map(Object.entries(flags).map(([name, { preset }]) => [name, preset]));
  const given = new Set<string>();
  const rest: string[] = [];
  let isHelpWanted = false;
  const waiting = [...argv];
  for (let word = waiting.shift(); word !== undefined && !isHelpWanted; word = waiting.shift()) {
    if (word === '--') rest.push(...waiting.splice(0));
    else if (word.length < 2 || !word.startsWith('-')) rest.push(word);
    else {
      const { name, attached } = splitFlag(word);
      const preset = values.get(name);
      isHelpWanted = preset === undefined;
      if (preset === undefined) requireHelp(name);
      else {
        const text = attached ?? nextWord(name, preset, waiting);
        requireFlawless(name, text, flags[name]);
        values.set(name, readValue(name, preset, text));
      }
      given.add(name);
    }
  }
  // Every name of `flags` is in the map, with a value of its preset's kind.
  return { values: Object.fromEntries(values) as GoFlagValues<Flags>, given, rest, isHelpWanted };
}

function requireFlawless(name: string, text: string, flag: GoFlag | undefined): void {
  const flaw = flag?.flaw?.(text) ?? '';
  if (flaw === '') return;
  throw new GoFlagError(`invalid value ${JSON.stringify(text)} for flag -${name}: ${flaw}`);
}

/** The flaw of a text that is none of these. */
export function oneOf(...names: readonly string[]): (text: string) => string {
  return (text) =>
    names.includes(text)
      ? ''
      : `${JSON.stringify(text)} is not a valid option: [${names.join(' ')}]`;
}

/** The only flags that need not be defined. */
function requireHelp(name: string): void {
  if (name === 'h' || name === 'help') return;
  throw new GoFlagError(`flag provided but not defined: -${name}`);
}

/** The help, as Go prints it. */
export function goUsage(program: string, flags: GoFlags): string {
  const names = Object.keys(flags).sort();
  return [`Usage of ${program}:`, ...names.map((name) => described(name, flags[name]))]
    .map((line) => `${line}\n`)
    .join('');
}

/** The value of a flag that has none attached: booleans take no word of their own. */
function nextWord(name: string, preset: GoFlag['preset'], waiting: string[]): string {
  const word = typeof preset === 'boolean' ? 'true' : waiting.shift();
  if (word === undefined) throw new GoFlagError(`flag needs an argument: -${name}`);
  return word;
}

function splitFlag(argument: string): { name: string; attached: string | undefined } {
  const text = argument.replace(/^--?/, '');
  if (/^(-|=|$)/.test(text)) throw new GoFlagError(`bad flag syntax: ${argument}`);
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text, attached: undefined };
  return { name: text.slice(0, equals), attached: text.slice(equals + 1) };
}

function readValue(name: string, preset: GoFlag['preset'], text: string): GoFlag['preset'] {
  if (typeof preset === 'string') return text;
  if (typeof preset === 'boolean') {
    if (TRUE.includes(text)) return true;
    if (FALSE.includes(text)) return false;
    const value = JSON.stringify(text);
    throw new GoFlagError(`invalid boolean value ${value} for -${name}: parse error`);
  }
  const value = readInteger(text);
  if (value !== undefined && Math.abs(value) <= INTEGER_MAX) return value;
  const why = value === undefined ? 'parse error' : 'value out of range';
  throw new GoFlagError(`invalid value ${JSON.stringify(text)} for flag -${name}: ${why}`);
}

/** With the prefixes of Go's literals; a leading zero means octal. */
export function readInteger(text: string): number | undefined {
  const [, sign = '', literal = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const digits = literal.replace(/(?<=[\da-fA-Fxob])_(?=[\da-fA-F])/gi, '').toLowerCase();
  const octal = digits.replace(/^0(?=[0-7])/, '0o');
  if (!/^(0x[\da-f]+|0b[01]+|0o[0-7]+|0|[1-9]\d*)$/.test(octal)) return undefined;
  return sign === '-' ? -Number(octal) : Number(octal);
}

function described(name: string, flag: GoFlag | undefined): string {
  const { preset = '', help = '', valueName = kindOf(preset) } = flag ?? {};
  const head = valueName === '' ? `  -${name}` : `  -${name} ${valueName}`;
  // Short ones leave room for the text beside them.
  const gap = head.length <= 4 ? '\t' : '\n    \t';
  return `${head}${gap}${help}${presetText(preset)}`;
}

function kindOf(preset: GoFlag['preset']): string {
  return { number: 'int', boolean: '', string: 'string' }[
    typeof preset as 'number' | 'boolean' | 'string'
  ];
}

/** Zero values need no mention. */
function presetText(preset: GoFlag['preset']): string {
  if (preset === 0 || preset === false || preset === '') return '';
  return ` (default ${typeof preset === 'string' ? JSON.stringify(preset) : preset})`;
}
