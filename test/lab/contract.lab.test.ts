/**
 * Whether the simulated network and the kernel's routers are the same network: both are asked by
 * the same bytes through the same seam, for every scenario that ships and that Linux can be.
 *
 * Their hashes differ, so a flow may go another way; what is compared is what all flows together
 * show, at all times at which something of the plan changes. Losses have to be such as the plan
 * gives but for one draw in 10^8, shares of flows within five standard deviations, which is the same
 * in every run, as hashes are. That a flow which loses 30 % shows a hop in no round is as rare as
 * that: all of these together fail less than one run in 10,000.
 */

import { describe, expect, it } from 'vitest';
import { shippedScenarios } from '../../src/runtime/scenario-files.ts';
import type { NetworkPlan } from '../../src/sim/network-plan.ts';
import {
  expectPlannedLoss,
  expectPlannedShares,
  flowsThatEndAt,
  SOURCE_PORTS,
  shapeOf,
  surveyLab,
  surveySimulated,
} from './contract-survey.ts';
import { checkPlan } from './lab-limits.ts';
import { LabPlanError } from './lab-plan-error.ts';
import { type NamespaceLab, openLab } from './namespace-lab.ts';
import { planScenario } from './scenario-plan.ts';

const SEED = 5;

/** What Linux cannot express, by the scenarios that need it; all others are built and compared. */
const ONLY_SIMULATED: Readonly<Record<string, string>> = {
  'flow-labels-choose-paths': 'flow labels as part of the flow',
  'link-loses-everything-now-and-then': 'a change 200 ms after the start',
  'loss-comes-and-goes-on-one-link': 'a change 250 ms after the start',
};

/** In IPv6 there is less that a program could do on the routers of a lab. */
const ONLY_IPV4: Readonly<Record<string, string>> = {
  'mpls-labels-on-the-way': "quotes other than the kernel's own",
  'router-answers-8-byte-quotes': "quotes other than the kernel's own",
  'router-pads-its-quotes': "quotes other than the kernel's own",
};

const SHIPPED = shippedScenarios().map((name) => ({ name, ...planned(name) }));
const BUILT = SHIPPED.filter(({ refusal }) => refusal[4] === undefined);

describe('scenarios that only the simulated network can be', () => {
  it.each([
    { family: 4, what: ONLY_SIMULATED },
    { family: 6, what: { ...ONLY_SIMULATED, ...ONLY_IPV4 } },
  ] as const)('in IPv$family are these, and for these reasons', ({ family, what }) => {
    const refused = SHIPPED.filter(({ refusal }) => refusal[family] !== undefined);
    expect(refused.map(({ name }) => name)).toEqual(Object.keys(what).sort());
    for (const { name, refusal } of refused) expect(refusal[family]).toContain(what[name]);
  });
});

describe.concurrent('on kernel routers', () => {
  it.each(BUILT)('$name is the same network', async ({ plans, refusal }) => {
    const lab = await openLab(plans[4]);
    try {
      await expectSame(lab, plans[4]);
      if (refusal[6] === undefined) await expectSame(lab, plans[6]);
    } finally {
      await lab.close();
    }
  });
});

describe.concurrent('faults that single out flows', () => {
  const chain = { fabric: { widths: [1, 1] } };
  const fault = { link: ['r1.0', 'r2.0'], forwardLoss: 1 };

  it('hit one hash bucket, in both networks', async () => {
    const only = { hashBucket: { of: 4, index: 1 } };
    for (const { survey, flows } of await surveyed({ ...chain, faults: [{ ...fault, only }] })) {
      const dead = flowsThatEndAt(0, survey).length;
      // A quarter of them, within five standard deviations.
      expect(Math.abs(dead - flows / 4)).toBeLessThan(5 * Math.sqrt((flows * 3) / 16));
    }
  });

  it('hit one flow, in both networks', async () => {
    const only = { sourcePort: 33_005 };
    for (const { survey } of await surveyed({ ...chain, faults: [{ ...fault, only }] })) {
      expect(flowsThatEndAt(0, survey)).toEqual([33_005]);
    }
  });
});

/** The simulated network and the kernel's, in both families. */
async function surveyed(what: object) {
  const { plans } = planned(what);
  const lab = await openLab(plans[4]);
  try {
    const surveys = [];
    for (const plan of [plans[4], plans[6]]) {
      surveys.push(await surveySimulated(plan), await surveyLab(lab, plan));
    }
    return surveys.map((survey) => ({ survey, flows: SOURCE_PORTS.length }));
  } finally {
    await lab.close();
  }
}

/** A lab speaks both families. */
async function expectSame(lab: NamespaceLab, plan: NetworkPlan): Promise<void> {
  const simulated = await surveySimulated(plan);
  const real = await surveyLab(lab, plan);
  expect(shapeOf(plan, real)).toEqual(shapeOf(plan, simulated));
  for (const survey of [simulated, real]) {
    expectPlannedLoss(plan, survey);
    expectPlannedShares(plan, survey);
  }
}

function planned(what: string | object) {
  const plans = {
    4: planScenario(what, { family: 4, seed: SEED }).plan,
    6: planScenario(what, { family: 6, seed: SEED }).plan,
  };
  return { plans, refusal: { 4: refusalOf(plans[4]), 6: refusalOf(plans[6]) } };
}

function refusalOf(plan: NetworkPlan): string | undefined {
  try {
    checkPlan(plan);
    return undefined;
  } catch (error) {
    if (error instanceof LabPlanError) return error.message;
    throw error;
  }
}
