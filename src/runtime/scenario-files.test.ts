import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScenarioError } from '../sim/json-fields.ts';
import { loadScenario, ScenarioFileError, shippedScenarios } from './scenario-files.ts';

const VALID = { shows: 'a chain', fabric: { widths: [1] }, truth: { verdict: 'no-loss' } };
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'scenarios-'));
  writeFileSync(path.join(folder, 'mine.json'), JSON.stringify(VALID));
  writeFileSync(path.join(folder, 'no-suffix'), JSON.stringify(VALID));
  writeFileSync(path.join(folder, 'torn.json'), '{ "shows": ');
  writeFileSync(path.join(folder, 'wrong.json'), JSON.stringify({ ...VALID, fabrics: 1 }));
});

afterAll(() => rmSync(folder, { recursive: true }));

test('every file of scenarios/ ships but the schema, by its name without the ending', () => {
  const files = readdirSync(new URL('../../scenarios/', import.meta.url)).filter(
    (file) => file !== 'scenario.schema.json',
  );
  expect(shippedScenarios().map((name) => `${name}.json`)).toEqual(files.sort());
});

test.each(shippedScenarios())('%s loads by name', (name) => {
  expect(loadScenario(name)).toMatchObject({ name });
});

test.each(['mine.json', 'no-suffix'])('a file loads by its path: %s', (file) => {
  const { name, scenario } = loadScenario(path.join(folder, file));
  expect(name).toBe(file.replace('.json', ''));
  expect(scenario.shows).toBe('a chain');
});

describe('what is no scenario', () => {
  const ROWS = [
    { file: 'torn.json', error: ScenarioFileError, says: 'torn.json is not JSON' },
    { file: 'missing.json', error: ScenarioFileError, says: 'missing.json cannot be read: ENOENT' },
    { file: 'wrong.json', error: ScenarioError, says: 'fabrics: unknown key' },
  ];

  test.each(ROWS)('$file is refused', ({ file, error, says }) => {
    expect(() => loadScenario(path.join(folder, file))).toThrow(error);
    expect(() => loadScenario(path.join(folder, file))).toThrow(says);
  });

  test.each([
    ['nonsense', 'no scenario "nonsense": `fantrace simulate` lists those that ship'],
    ['', 'no scenario "": '],
    ['..', 'no scenario "..": '],
    ['healthy', 'no scenario "healthy", but healthy-fabric, healthy-unequal-path-lengths: '],
  ])('the name %j is refused, with those like it', (name, says) => {
    expect(() => loadScenario(name)).toThrow(ScenarioFileError);
    expect(() => loadScenario(name)).toThrow(says);
  });
});
