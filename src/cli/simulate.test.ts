import { CommanderError } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ScenarioFileError, shippedScenarios } from '../runtime/scenario-files.ts';
import { scenarioSchema } from '../sim/scenario.ts';
import { CliError } from './cli-error.ts';
import { simulateCommand } from './simulate.ts';

afterEach(() => vi.restoreAllMocks());

/** What the command writes to its output. */
async function outputOf(...argv: string[]): Promise<string> {
  let output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text);
    return true;
  });
  const command = simulateCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  await command.parseAsync(argv, { from: 'user' });
  return output;
}

test('a shipped scenario is described by its name', async () => {
  const text = await outputOf('one-link-loses-20-percent');
  expect(text).toMatch(/^one-link-loses-20-percent: One of sixteen equal links /);
  expect(text).toContain('Truth:  loss-located: the link r2.1 → r3.2, which ');
});

test('without a scenario all that ship are listed, with what each shows', async () => {
  const lines = (await outputOf()).split('\n');
  const at = lines.indexOf('one-link-loses-20-percent');
  expect(lines[at + 1]).toMatch(/^ {2}One of sixteen equal links drops every fifth packet/);
  expect(lines.filter((line) => /^[a-z0-9-]+$/.test(line))).toEqual(shippedScenarios());
});

test('--json writes one document, of the family and seed that were asked for', async () => {
  const text = await outputOf('healthy-fabric', '--json', '-6', '--seed', '9');
  expect(JSON.parse(text)).toMatchObject({
    schema: 'fantrace.scenario/1',
    name: 'healthy-fabric',
    family: 6,
    seed: 9,
    truth: { verdict: 'no-loss', suspects: [] },
  });
  expect(text.indexOf('\n')).toBe(text.length - 1);
});

test('--schema writes the schema of scenario files', async () => {
  expect(JSON.parse(await outputOf('--schema'))).toEqual(
    JSON.parse(JSON.stringify(scenarioSchema())),
  );
});

describe('what cannot be described is an error', () => {
  test.each([
    { argv: ['--json'], error: CliError, says: 'no scenario given' },
    { argv: ['nosuch'], error: ScenarioFileError, says: 'no scenario "nosuch": `fantrace simul' },
    {
      argv: ['link-lossy'],
      error: ScenarioFileError,
      says: ', but asymmetric-return-beside-a-lossy-link, ',
    },
    { argv: ['no-such'], error: ScenarioFileError, says: 'there is no scenario "no-such"' },
    { argv: ['/nowhere.json'], error: ScenarioFileError, says: 'cannot be read' },
    { argv: ['healthy-fabric', '-4', '-6'], error: CommanderError, says: 'cannot be used with' },
  ])('$argv', async ({ argv, error, says }) => {
    await expect(outputOf(...argv)).rejects.toThrow(error);
    await expect(outputOf(...argv)).rejects.toThrow(says);
  });
});
