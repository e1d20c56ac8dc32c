/** The JSON Schema of settings files, from the flags that the command line is read with. */

import type { Command, Option } from 'commander';
import { ValueOption, type ValueSchema } from '../../src/cli/flag-values.ts';
import { settableOptions, settingName } from '../../src/cli/settings.ts';

/** One object a command, one key a flag. */
export function configSchema(program: Command): ValueSchema {
  const tables = program.commands.filter((command) => settableOptions(command).length > 0);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:fantrace:config',
    title: 'fantrace settings',
    description: 'What ~/.config/fantrace/config.toml may hold: a table for each command.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(tables.map((command) => [command.name(), tableSchema(command)])),
    },
  };
}

function tableSchema(command: Command): ValueSchema {
  const options = settableOptions(command);
  return {
    type: 'object',
    description: command.description(),
    additionalProperties: false,
    properties: Object.fromEntries(
      options.map((option) => [settingName(option), settingSchema(option)]),
    ),
  };
}

function settingSchema(option: Option): ValueSchema {
  const { description } = option;
  if (option instanceof ValueOption) return { description, ...option.valueSchema };
  return { description, type: option.required ? 'string' : 'boolean' };
}
