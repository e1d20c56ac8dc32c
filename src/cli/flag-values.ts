/**
 * Options with a value: each names the flag, the value and what is allowed when it refuses, and
 * knows the JSON Schema of its values, for settings in files.
 */

import { Option } from 'commander';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { CliError } from './cli-error.ts';

/** As much of JSON Schema as a setting needs. */
export type ValueSchema = Readonly<Record<string, unknown>>;

/** An option whose values are described beside being read. */
export class ValueOption extends Option {
  readonly valueSchema: ValueSchema;
  /** Whether it may be given several times; in settings files a list says the same. */
  readonly isRepeatable: boolean;

  constructor(
    flags: string,
    description: string,
    {
      valueSchema,
      read,
      isRepeatable = false,
    }: {
      valueSchema: ValueSchema;
      read: (text: string, before?: unknown) => unknown;
      isRepeatable?: boolean;
    },
  ) {
    super(flags, description);
    this.valueSchema = valueSchema;
    this.isRepeatable = isRepeatable;
    this.argParser(read);
  }
}

/** Of an option that takes any text but none. */
export const TEXT: { readonly valueSchema: ValueSchema; readonly read: (text: string) => string } =
  { valueSchema: { type: 'string', minLength: 1 }, read: (text) => text };

/** Which family a name is looked up in. */
export function familyOptions(): Option[] {
  return [
    new Option('-4, --ipv4', 'IPv4 only').conflicts('ipv6'),
    new Option('-6, --ipv6', 'IPv6 only').conflicts('ipv4'),
  ];
}

/** Where packets leave: a simulated network has no such choice. */
export function sendingOptions(): Option[] {
  return [
    new ValueOption('-s, --source <ADDRESS>', 'send from this address', TEXT).conflicts('simulate'),
    new ValueOption('-i, --interface <DEVICE>', 'send by this network interface', TEXT).conflicts(
      'simulate',
    ),
  ];
}

/** An option that takes a whole number in [min, max]. */
export function numberOption(
  flags: string,
  description: string,
  { min, max }: { readonly min: number; readonly max: number },
): ValueOption {
  const valueSchema = { type: 'integer', minimum: min, maximum: max };
  return new ValueOption(flags, description, {
    valueSchema,
    read: wholeNumber(longName(flags), min, max),
  });
}

/**
 * An option that takes a whole number in [min, max] each time that it is given; or several with
 * commas between them, as the environment needs it. Its value is a list.
 */
export function numbersOption(
  flags: string,
  description: string,
  { min, max }: { readonly min: number; readonly max: number },
): ValueOption {
  const flag = longName(flags);
  const read = wholeNumber(flag, min, max);
  const one = { type: 'integer', minimum: min, maximum: max };
  return new ValueOption(flags, description, {
    isRepeatable: true,
    valueSchema: {
      anyOf: [
        one,
        { type: 'string', pattern: String.raw`^\d+(,\d+)*$` },
        { type: 'array', items: one, minItems: 1, uniqueItems: true },
      ],
    },
    read: (text, before) => {
      const values = Array.isArray(before) ? [...(before as number[])] : [];
      for (const part of text.split(',')) {
        const value = read(part);
        if (values.includes(value)) throw new CliError('USAGE', `${flag}: ${value} is given twice`);
        values.push(value);
      }
      return values;
    },
  });
}

/** An option that takes a whole number in [min, max], or one of a few words. */
export function numberOrWordOption(
  flags: string,
  description: string,
  { min, max, words }: { readonly min: number; readonly max: number; readonly words: string[] },
): ValueOption {
  const flag = longName(flags);
  return new ValueOption(flags, description, {
    valueSchema: { anyOf: [{ enum: words }, { type: 'integer', minimum: min, maximum: max }] },
    read: (text) => {
      if (words.includes(text)) return text;
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      throw refused(flag, text, `${words.join(', ')} or a whole number from ${min} to ${max}`);
    },
  });
}

/** An option that takes a number within (0, 1), or the same as a percentage. */
export function probabilityOption(flags: string, description: string, preset: number): Option {
  const valueSchema = {
    anyOf: [
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      { type: 'string', pattern: String.raw`^\d*\.?\d+%?$` },
    ],
  };
  return new ValueOption(flags, description, {
    valueSchema,
    read: probability(longName(flags)),
  }).default(preset, `${100 * preset}%`);
}

/** What a duration may be. */
interface DurationRange {
  readonly minUs: number;
  readonly maxUs: number;
  /** Microseconds of a number without a unit, where programs that users know take one. */
  readonly bareUs?: (value: number) => number;
}

/** An option that takes a duration with its unit; its value is in microseconds. */
export function durationOption(
  flags: string,
  description: string,
  range: DurationRange,
): ValueOption {
  const withUnit = { type: 'string', pattern: String.raw`^\d+(\.\d+)?(us|ms|s|m|h)$` };
  const bare = { type: ['number', 'string'], pattern: String.raw`^\d+(\.\d+)?$`, minimum: 0 };
  return new ValueOption(flags, description, {
    valueSchema: range.bareUs === undefined ? withUnit : { anyOf: [withUnit, bare] },
    read: duration(longName(flags), range),
  });
}

/** An option that takes one of a few words. */
export function choiceOption(
  flags: string,
  description: string,
  choices: readonly string[],
): ValueOption {
  const flag = longName(flags);
  const option = new ValueOption(flags, description, {
    valueSchema: { enum: choices },
    read: (text) => text,
  }).choices(choices) as ValueOption;
  return option.argParser((text) => {
    if (choices.includes(text)) return text;
    throw refused(flag, text, `one of ${choices.join(', ')}`);
  }) as ValueOption;
}

/** A whole number in [min, max]. */
function wholeNumber(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw refused(flag, text, `a whole number from ${min} to ${max}`);
  };
}

function probability(flag: string): (text: string) => number {
  return (text) => {
    const [, digits, percent] = /^(\d*\.?\d+)(%?)$/.exec(text) ?? [];
    const value = Number(digits) / (percent === '%' ? 100 : 1);
    if (value > 0 && value < 1) return value;
    const meant = value > 1 && value < 100 ? ` (did you mean ${text}%?)` : '';
    throw refused(flag, text, `above 0 and below 1, as 0.02 or 2%${meant}`);
  };
}

function duration(flag: string, { minUs, maxUs, bareUs }: DurationRange): (text: string) => number {
  return (text) => {
    const isBare = bareUs !== undefined && /^\d+(\.\d+)?$/.test(text);
    const value = isBare ? Math.round(bareUs(Number(text))) : parseDuration(text);
    if (value !== undefined && value >= minUs && value <= maxUs) return value;
    const range = `${formatDuration(minUs)} to ${formatDuration(maxUs)}`;
    throw refused(flag, text, `a duration with its unit (200ms, 5s, 1m), ${range}`);
  };
}

function longName(flags: string): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

function refused(flag: string, text: string, allowed: string): CliError {
  return new CliError('USAGE', `${flag}: ${JSON.stringify(text)} is not ${allowed}`);
}
