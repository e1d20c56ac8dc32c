/** Tests with labs of their own, which are closed when the test is over, so that they may run side by side. */

import { type TestAPI, test } from 'vitest';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor, type ScenarioOptions } from './scenario-plan.ts';

/** The smallest network with links that a flow may take or not. */
export const FABRIC = { fabric: { widths: [1, 4, 4, 1] } };

/** Opens a lab, of `FABRIC` unless told; the test need not close it. */
export type OpenLab = (what?: object, options?: ScenarioOptions) => Promise<NamespaceLab>;

/** A `test` whose context opens labs; `defaults` are those of every one. */
export function labTest(defaults: ScenarioOptions): TestAPI<{ open: OpenLab }> {
  return test.extend<{ open: OpenLab }>({
    // biome-ignore lint/correctness/noEmptyPattern: what a fixture needs is read off its parameter
    open: async ({}, use) => {
      const labs: NamespaceLab[] = [];
      await use(async (what = FABRIC, options = {}) => {
        const { lab } = await labFor(what, { ...defaults, ...options });
        labs.push(lab);
        return lab;
      });
      for (const lab of labs) await lab.close();
    },
  });
}
