/** What labs are planned to lose, and which places a seed picks for faults. */

import { describe, expect, it } from 'vitest';
import { shippedScenarios } from '../../src/runtime/scenario-files.ts';
import { faultsOf } from './lab-faults.ts';
import { addressesOf, planScenario } from './scenario-plan.ts';

const FABRIC = { fabric: { widths: [1, 4, 4, 1] } };
const SHIPPED = shippedScenarios().map((name) => ({ name, plan: planScenario(name).plan }));

describe.each(SHIPPED)('of $name', ({ plan }) => {
  it('every loss becomes rules of one node', () => {
    const constant = [...plan.links, ...plan.routers].flatMap((each) => [
      each.forwardLoss,
      each.returnLoss,
    ]);
    const hazards = [...plan.links, ...plan.routers].flatMap((each) => each.hazards);
    const losses = faultsOf(plan).filter(({ kind }) => kind.endsWith('loss'));
    expect(losses).toHaveLength(constant.filter((loss) => loss > 0).length + hazards.length);
  });
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
