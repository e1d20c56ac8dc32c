/** Scenarios by the name of a shipped one, or by file. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../lib/reason.ts';
import { parseScenario, type Scenario } from '../sim/scenario.ts';

const FILE_BYTES_MAX = 16 * 2 ** 20;
/** Of resembling names, so many are told. */
const ALIKE_MAX = 3;
const SHIPPED = new URL('../../scenarios/', import.meta.url);

/** There is no such scenario, or its file cannot be read as JSON. */
export class ScenarioFileError extends Error {
  override readonly name = 'ScenarioFileError';
  readonly code = 'SCENARIO_UNREADABLE';
}

/** Names of the scenarios that come with the package. */
export function shippedScenarios(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Reads a scenario: a shipped one by its name, anything with a slash or ending in `.json` as a
 * file.
 *
 * @throws {ScenarioFileError} when there is none, or it is not JSON
 * @throws {ScenarioError} when it is not a scenario, naming the wrong key
 */
export function loadScenario(nameOrFile: string): { name: string; scenario: Scenario } {
  const isFile = nameOrFile.includes('/') || nameOrFile.endsWith('.json');
  if (!isFile && !shippedScenarios().includes(nameOrFile)) {
    const what = `there is no scenario ${JSON.stringify(nameOrFile)}${resembling(nameOrFile)}`;
    const hint = '`fantrace simulate` lists those that ship, and the name of a file ends in .json';
    throw new ScenarioFileError(`${what}: ${hint}`);
  }
  const path = isFile ? nameOrFile : fileURLToPath(new URL(`${nameOrFile}.json`, SHIPPED));
  return { name: basename(nameOrFile, '.json'), scenario: parseScenario(readJson(path)) };
}

/** The shipped ones that have most words of a name, if any has one. */
function resembling(name: string): string {
  const words = name.toLowerCase().split('-');
  const shared = shippedScenarios().map((known) => {
    const own = known.split('-');
    return { known, count: words.filter((word) => own.includes(word)).length };
  });
  const [best = { count: 0 }] = shared.toSorted((a, b) => b.count - a.count);
  const alike = shared.filter(({ count }) => count > 0 && count === best.count);
  const names = alike.slice(0, ALIKE_MAX).map(({ known }) => known);
  return names.length === 0 ? '' : `, but ${names.join(', ')}`;
}

function readJson(path: string): unknown {
  let text: string;
  try {
    const stat = statSync(path);
    // Of a device there may be no end; a folder is refused by reading it.
    if (stat.isFile() ? stat.size > FILE_BYTES_MAX : !stat.isDirectory()) {
      throw new RangeError(`it is no file of at most ${FILE_BYTES_MAX >> 20} MiB`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ScenarioFileError(`the scenario ${path} cannot be read: ${reasonOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ScenarioFileError(`the scenario ${path} is not JSON: ${reasonOf(error)}`);
  }
}
