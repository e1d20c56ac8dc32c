/** The same lab once for each family, for all tests of a file. */

import { afterAll, beforeAll } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';

/**
 * Opens the labs before the tests of the file that calls it, and closes them after.
 *
 * @param what a shipped scenario's name, or a scenario
 */
export function labsOfFamilies(what: string | object): (family: IpFamily) => NamespaceLab {
  const labs = new Map<IpFamily, NamespaceLab>();
  beforeAll(async () => {
    for (const family of [4, 6] as const) labs.set(family, (await labFor(what, { family })).lab);
  });
  afterAll(async () => {
    for (const lab of labs.values()) await lab.close();
  });
  return (family) => {
    const lab = labs.get(family);
    if (lab === undefined) throw new Error('no lab');
    return lab;
  };
}
