/**
 * Settings from elsewhere than the command line: a flag there wins over the environment
 * (`FANTRACE_MAX_TTL`), which wins over the settings file (TOML, one table a command, keys named
 * as the flags are).
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { printable } from '../lib/printable.ts';
import { CliError } from './cli-error.ts';
import { ValueOption } from './flag-values.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'FANTRACE_';
/** Names the settings file; no setting itself. */
const CONFIG_VARIABLE = 'FANTRACE_CONFIG';
const ON = ['1', 'true', 'yes', 'on'];
const OFF = ['0', 'false', 'no', 'off', ''];

/** Sources that have the say over those that are asked later. */
const SET_BY: ReadonlySet<string | undefined> = new Set(['cli', 'env']);

/** Where a setting was found, as an error names it, and what it says. */
interface Setting {
  readonly place: string;
  readonly value: unknown;
}

/**
 * Gives `command` the settings that its own flags leave open.
 *
 * @throws {CliError} USAGE for a value that its flag would refuse, naming where it is written;
 *   CONFIG_INVALID for a file that is none, or sets what there is no flag for
 */
export async function applySettings(
  command: Command,
  program: Command,
  env: Environment = process.env,
): Promise<void> {
  const options = settableOptions(command);
  for (const option of options) {
    const place = variableName(option);
    apply(command, option, { place, value: env[place] });
  }
  const { place, values } = await tableFor(command, program, env);
  for (const option of options) {
    const name = settingName(option);
    apply(command, option, { place: `${place} ${name}`, value: values[name] });
  }
}

/**
 * What the environment and the settings file say of a command, the stronger first and by the names
 * of settings, as far as they can be read: nothing is refused.
 */
export async function settingsOf(
  command: Command,
  program: Command,
  env: Environment,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const options = settableOptions(command);
  const variables = options.map((option) => [settingName(option), env[variableName(option)]]);
  const file = await tableFor(command, program, env).catch(() => ({ values: {} }));
  return [Object.fromEntries(variables), file.values];
}

/** Whether a switch is on. */
export function isOn(value: unknown): boolean {
  return ON.includes(String(value).toLowerCase());
}

/**
 * Variables of the environment that look like settings and are none of any command: mistyped ones
 * would seem to be in force. An environment has many readers, so they are told and not refused.
 *
 * @returns a sentence each
 */
export function unknownVariables(program: Command, env: Environment = process.env): string[] {
  const known = new Set(program.commands.flatMap(settableOptions).map(variableName));
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && name !== CONFIG_VARIABLE && !known.has(name))
    .sort()
    .map((name) => {
      const flag = name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-');
      return `${printable(name)} is ignored: no command has a flag --${printable(flag)}`;
    });
}

/** Sets what is not set yet by a stronger source. */
function apply(command: Command, option: Option, setting: Setting): void {
  const isSet = SET_BY.has(command.getOptionValueSource(option.attributeName()));
  if (setting.value === undefined || isSet || isOverruled(command, option)) return;
  const value = settingValue(option, setting);
  // A switch that is off stays as it was, but weaker sources can no longer turn it on.
  const kept: unknown = value ?? command.getOptionValue(option.attributeName());
  command.setOptionValueWithSource(option.attributeName(), kept, 'env');
}

/** Flags that can be set: all that have a long name, but for help. */
export function settableOptions(command: Command): Option[] {
  return command.options.filter(({ long }) => long !== undefined && long !== null);
}

/** The name of a flag in the file: `max-ttl`. */
export function settingName({ long }: Option): string {
  return (long ?? '').replace(/^--/, '');
}

/** The name of a flag in the environment: `FANTRACE_MAX_TTL`. */
function variableName(option: Option): string {
  return `${PREFIX}${settingName(option).toUpperCase().replaceAll('-', '_')}`;
}

/** Whether a flag that was given rules this one out: then the flag wins, and nothing is wrong. */
function isOverruled(command: Command, option: Option): boolean {
  return command.options.some((other) => {
    const name = other.attributeName();
    const isSet = SET_BY.has(command.getOptionValueSource(name));
    if (!isSet || command.getOptionValue(name) === undefined) return false;
    return (
      conflictsOf(option).includes(name) || conflictsOf(other).includes(option.attributeName())
    );
  });
}

/** Options that exclude this one; the types of commander keep them to themselves. */
function conflictsOf(option: Option): readonly string[] {
  return (option as Option & { readonly conflictsWith: readonly string[] }).conflictsWith;
}

/** undefined for a switch that is off. */
function settingValue(option: Option, setting: Setting): unknown {
  return option.required || option.optional ? flagValue(option, setting) : isSet(option, setting);
}

function isSet({ negate }: Option, { place, value }: Setting): boolean | undefined {
  const text = String(value).toLowerCase();
  if (ON.includes(text)) return !negate;
  if (OFF.includes(text)) return undefined;
  throw new CliError('USAGE', `${place}: ${JSON.stringify(value)} is neither true nor false`);
}

/** As the flag reads it; a list as the flag given several times. */
function flagValue(option: Option, { place, value }: Setting): unknown {
  const isList = Array.isArray(value) && option instanceof ValueOption && option.isRepeatable;
  const parts: readonly unknown[] = isList ? value : [value];
  if (parts.length === 0) throw new CliError('USAGE', `${place}: [] is no value`);
  if (!parts.every((part) => typeof part === 'string' || typeof part === 'number')) {
    const message = `${place}: ${JSON.stringify(value)} is neither text nor a number`;
    throw new CliError('USAGE', message);
  }
  const { parseArg } = option;
  if (parseArg === undefined) return String(value);
  try {
    return parts.reduce<unknown>((before, part) => parseArg(String(part), before), undefined);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const reason = error.message.startsWith(`${option.long}: `)
      ? error.message.slice(`${option.long}: `.length)
      : error.message;
    throw new CliError(error.code, `${place}: ${reason}`, error.hint);
  }
}

/** The table of the settings file that is for this command; empty where there is no file. */
async function tableFor(
  command: Command,
  program: Command,
  env: Environment,
): Promise<{ readonly place: string; readonly values: Readonly<Record<string, unknown>> }> {
  const named: unknown = program.opts()['config'] ?? env[CONFIG_VARIABLE];
  const folder = env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? homedir(), '.config');
  const path = typeof named === 'string' ? named : join(folder, 'fantrace', 'config.toml');
  const text = textOf(path, { isRequired: named !== undefined });
  if (text === undefined) return { place: path, values: {} };
  const tables = await parsedTables(path, text);
  requireKnown(path, tables, program);
  const values = tables[command.name()] ?? {};
  return { place: `${path}: [${command.name()}]`, values };
}

function textOf(path: string, { isRequired }: { isRequired: boolean }): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    // A home that we may not look into, as that of another user under sudo, has no settings for us.
    if (!isRequired && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return undefined;
    throw new CliError('CONFIG_UNREADABLE', `the settings file ${path} cannot be read: ${code}`);
  }
}

type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

async function parsedTables(path: string, text: string): Promise<Tables> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    const tables: Record<string, unknown> = parse(text);
    for (const [name, table] of Object.entries(tables)) {
      if (name === '$schema') continue;
      if (typeof table !== 'object' || table === null || Array.isArray(table)) {
        const hint = 'put settings under the name of their command, as in [isolate]';
        throw new CliError('CONFIG_INVALID', `${path}: ${name} is no table`, hint);
      }
    }
    return tables as Tables;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    const message = `${path}: line ${error.line}: not TOML: ${reason}`;
    throw new CliError('CONFIG_INVALID', message);
  }
}

/** A setting that nothing reads would seem to be in force. */
function requireKnown(path: string, tables: Tables, program: Command): void {
  for (const [table, values] of Object.entries(tables)) {
    if (table === '$schema') continue;
    const command = program.commands.find((each) => each.name() === table);
    if (command === undefined) {
      const known = program.commands.map((each) => each.name()).join(', ');
      throw new CliError(
        'CONFIG_INVALID',
        `${path}: [${table}] is no command`,
        `there are ${known}`,
      );
    }
    const names = settableOptions(command).map(settingName);
    for (const key of Object.keys(values)) {
      if (names.includes(key)) continue;
      const message = `${path}: [${table}] ${key}: ${table} has no flag --${key}`;
      throw new CliError('CONFIG_INVALID', message, `see \`fantrace ${table} --help\``);
    }
  }
}
