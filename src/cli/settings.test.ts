import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { choiceOption, numberOption, numbersOption } from './flag-values.ts';
import { applySettings, unknownVariables } from './settings.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fantrace-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The flags of a command after the line, the environment and the file had their say. */
async function flagsOf(
  argv: readonly string[],
  { env = {}, toml }: { env?: Record<string, string>; toml?: string } = {},
) {
  const file = path.join(folder, 'config.toml');
  writeFileSync(file, toml ?? '');
  let flags: Record<string, unknown> = {};
  const command = new Command('measure')
    .addOption(numberOption('--port <PORT>', 'port', { min: 1, max: 65535 }).default(22))
    .addOption(numbersOption('--tos <N>', 'several', { min: 0, max: 255 }))
    .addOption(choiceOption('--show <WHAT>', 'what', ['all', 'some']).default('all'))
    .addOption(new Option('-4, --ipv4', 'four').conflicts('ipv6'))
    .addOption(new Option('-6, --ipv6', 'six'))
    .option('--no-dns', 'no names')
    .option('--source <ADDRESS>', 'source')
    .action((given: Record<string, unknown>) => {
      flags = given;
    });
  const program = new Command('fantrace')
    .exitOverride()
    .option('--config <FILE>')
    .hook('preAction', (_, acting) => applySettings(acting, program, { HOME: folder, ...env }));
  program.addCommand(command.exitOverride());
  const settings = toml === undefined ? [] : ['--config', file];
  await program.parseAsync([...settings, 'measure', ...argv], { from: 'user' });
  return flags;
}

describe('who wins', () => {
  const env = { FANTRACE_PORT: '2' };
  const toml = '[measure]\nport = 3\n';
  test.each([
    { shows: 'the flag', argv: ['--port', '1'], env, toml, port: 1 },
    { shows: 'then the environment', argv: [], env, toml, port: 2 },
    { shows: 'then the file', argv: [], env: {}, toml, port: 3 },
    { shows: 'then the default', argv: [], env: {}, toml: '', port: 22 },
  ])('$shows', async ({ argv, port, ...rest }) => {
    expect(await flagsOf(argv, rest)).toMatchObject({ port });
  });
});

test('settings are read as flags are, in both places', async () => {
  const env = { FANTRACE_DNS: 'ignored', FANTRACE_NO_DNS: 'true', FANTRACE_SHOW: 'some' };
  const toml = '[measure]\nipv6 = true\nsource = "192.0.2.1"\n';
  const flags = await flagsOf([], { env, toml });
  expect(flags).toMatchObject({ dns: false, show: 'some', ipv6: true, source: '192.0.2.1' });
});

test.each([
  { shows: 'a list', toml: 'tos = [0, 184]', tos: [0, 184] },
  { shows: 'one', toml: 'tos = 184', tos: [184] },
  { shows: 'a text', toml: 'tos = "0,184"', tos: [0, 184] },
])('a flag that is repeatable on the line is $shows in the file', async ({ toml, tos }) => {
  expect((await flagsOf([], { toml: `[measure]\n${toml}\n` }))['tos']).toEqual(tos);
});

test('variables that no command reads are told of', () => {
  const program = new Command('fantrace');
  program.addCommand(new Command('measure').option('--max-ttl <N>').option('--no-dns'));
  const env = { FANTRACE_MAX_TTL: '3', FANTRACE_NO_DNS: '1', FANTRACE_CONFIG: 'x', HOME: '/' };
  expect(unknownVariables(program, env)).toEqual([]);
  expect(
    unknownVariables(program, { ...env, FANTRACE_MAXTTL: '3', 'FANTRACE_\u001b': '' }),
  ).toEqual([
    String.raw`FANTRACE_\u{1b} is ignored: no command has a flag --\u{1b}`,
    'FANTRACE_MAXTTL is ignored: no command has a flag --maxttl',
  ]);
});

test('a switch can be off', async () => {
  const flags = await flagsOf([], {
    env: { FANTRACE_IPV4: '0' },
    toml: '[measure]\nno-dns = false',
  });
  expect(flags).toMatchObject({ dns: true, ipv4: undefined });
  const toml = '[measure]\nipv4 = true\n';
  expect(await flagsOf([], { env: { FANTRACE_IPV4: '0' }, toml })).toMatchObject({
    ipv4: undefined,
  });
});

test('a flag rules out what would conflict with it', async () => {
  const toml = '[measure]\nipv4 = true\n';
  expect((await flagsOf(['-6'], { toml }))['ipv4']).toBeUndefined();
  expect(await flagsOf(['-4'], { env: { FANTRACE_IPV6: '1' } })).not.toHaveProperty('ipv6');
});

describe('what is refused, with its place', () => {
  test.each([
    {
      env: { FANTRACE_PORT: '0' },
      says: 'FANTRACE_PORT: "0" is not a whole number from 1 to 65535',
    },
    { env: { FANTRACE_SHOW: 'none' }, says: 'FANTRACE_SHOW: "none" is not one of all, some' },
    { env: { FANTRACE_IPV4: 'maybe' }, says: 'FANTRACE_IPV4: "maybe" is neither true nor false' },
    { env: { FANTRACE_CONFIG: '/no/such' }, says: '/no/such cannot be read: ENOENT' },
    { toml: '[measure]\nport = 70000', says: '[measure] port: "70000" is not a whole number' },
    { toml: '[measure]\nport = [22]', says: '[measure] port: [22] is neither text nor a number' },
    { toml: '[measure]\ntos = []', says: '[measure] tos: [] is no value' },
    { toml: '[measure]\ntos = [1, 1]', says: '[measure] tos: 1 is given twice' },
    { toml: '[measure]\ntos = [1, 256]', says: '[measure] tos: "256" is not a whole number' },
    { toml: '[measure]\ntos = [true]', says: '[measure] tos: [true] is neither text nor a number' },
    { toml: '[measure]\nprot = 22', says: '[measure] prot: measure has no flag --prot' },
    { toml: '[mesure]\nport = 22', says: '[mesure] is no command' },
    { toml: 'port = 22', says: 'port is no table' },
    { toml: '[measure]\nport = \n', says: 'line 2: not TOML' },
    { toml: '\u001b[31m', says: 'not TOML' },
  ])('$says', async ({ says, ...where }) => {
    await expect(flagsOf([], where)).rejects.toThrow(says);
  });
});
