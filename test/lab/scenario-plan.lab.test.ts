/** Whether every scenario that ships can be built, and which places a seed picks for faults. */

import { describe, expect, it } from 'vitest';
import { shippedScenarios } from '../../src/runtime/scenario-files.ts';
import { checkPlan, LabPlanError } from './lab-limits.ts';
import { addressesOf, labFor, planScenario } from './scenario-plan.ts';

const FABRIC = { fabric: { widths: [1, 4, 4, 1] } };
const SHIPPED = shippedScenarios().map((name) => ({ name, refusal: refusalOf(name) }));

/** Why the kernel cannot be this scenario; undefined when it can. */
function refusalOf(name: string): string | undefined {
  try {
    checkPlan(planScenario(name, { family: 6 }).plan);
    return undefined;
  } catch (error) {
    if (error instanceof LabPlanError) return error.message;
    throw error;
  }
}

describe('scenarios', () => {
  it.each(SHIPPED.filter(({ refusal }) => refusal === undefined))(
    '$name can be built',
    async ({ name }) => {
      const { lab, scenario } = await labFor(name, { family: 6, seed: 5 });
      try {
        const counts = await lab.dropCounters();
        const losses = [...scenario.links, ...scenario.routers].flatMap((each) => [
          each.forwardLoss,
          each.returnLoss,
        ]);
        const kinds = counts.filter(({ kind }) => kind.endsWith('loss'));
        expect(kinds).toHaveLength(losses.filter((loss) => loss > 0).length);
      } finally {
        await lab.close();
      }
    },
  );
});

describe('scenarios that only the simulated network can be', () => {
  it.each(SHIPPED.filter(({ refusal }) => refusal !== undefined))(
    '$name is refused: $refusal',
    async ({ name }) => {
      await expect(labFor(name, { family: 6 })).rejects.toBeInstanceOf(LabPlanError);
    },
  );
});

describe('faults at any place', () => {
  const anyLink = { link: 'any', forwardLoss: 0.1 } as const;
  const anyRouter = { router: 'any', forwardLoss: 0.1 };

  it('are where some flow gets around them', () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const places = seeds.flatMap(
      (seed) => planScenario(FABRIC, { seed, faults: [anyLink, anyRouter] }).places,
    );
    const picked = new Set(
      places.map((place) => (place.kind === 'link' ? `${place.near} ${place.far}` : place.name)),
    );
    expect(picked.size).toBe(4 + 16 + 4 + 8); // links by layer, routers
    expect([...picked]).not.toContain('source r1.0');
    expect([...picked]).not.toContain('r4.0');
  });

  it('are the same for the same seed, and lose what they are told', () => {
    const once = planScenario(FABRIC, { seed: 9, faults: [anyLink] });
    expect(planScenario(FABRIC, { seed: 9, faults: [anyLink] })).toEqual(once);
    const lossy = once.plan.links.filter(({ forwardLoss }) => forwardLoss > 0);
    expect(lossy.map(({ near, far }) => ({ kind: 'link', near, far }))).toEqual(once.places);
  });

  it('are refused where every flow needs every place', () => {
    const chain = { fabric: { widths: [1, 1] } };
    expect(() => planScenario(chain, { faults: [anyLink] })).toThrow('every path needs every link');
  });
});

describe('addresses that name a place', () => {
  it('are those that the routers of the plan answer from', () => {
    const { plan } = planScenario(FABRIC);
    const link = { kind: 'link', near: 'r2.1', far: 'r3.2' } as const;
    const { near, far } = addressesOf(plan, link);
    const into = plan.links.filter((each) => each.far === 'r2.1' || each.far === 'r3.2');
    expect([...near]).toEqual(
      into.filter((each) => each.far === 'r2.1').map((each) => each.farAddress[4]),
    );
    expect([...far]).toEqual(
      into.filter((each) => each.near === 'r2.1').map((each) => each.farAddress[4]),
    );
    const router = addressesOf(plan, { kind: 'router', name: 'r3.2' });
    expect(router.far.size).toBe(4);
    expect(router.near).toEqual(router.far);
  });

  it('are one for each router in IPv6', () => {
    const { plan } = planScenario(FABRIC, { family: 6 });
    const { near, far } = addressesOf(plan, { kind: 'link', near: 'source', far: 'r1.0' });
    expect([...near, ...far]).toEqual([plan.source[6], plan.routers[0]?.address[6]]);
  });
});
