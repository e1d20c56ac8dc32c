/** What the lab refuses, so that no test takes the kernel for something that it is not. */

import { expect, test } from 'vitest';
import { checkPlan, LabPlanError } from './lab-limits.ts';
import { planScenario } from './scenario-plan.ts';

const CHAIN = { fabric: { widths: [1, 1] } };
const ROUTED = [
  { near: 'source', far: 'r1' },
  { near: 'r1', far: 'r2' },
  { near: 'r1', far: 'r3', direction: 'return' },
  { near: 'r3', far: 'r2', direction: 'return' },
  { near: 'r2', far: 'target' },
];
const LINK = ['r1.0', 'r2.0'];

const ROWS: readonly { readonly what: object; readonly says: string }[] = [
  { what: { ...CHAIN, balancing: { kind: 'per-packet' } }, says: 'a balancing other than by flow' },
  { what: { ...CHAIN, balancing: { buckets: 64 } }, says: 'a balancing other than by flow' },
  {
    what: { ...CHAIN, target: { answerLimit: { perSecond: 9, burst: 9 } } },
    says: 'a limit of what',
  },
  { what: { ...CHAIN, linkTraits: [{ link: LINK, mtu: 1280 }] }, says: 'a small MTU' },
  { what: { ...CHAIN, linkTraits: [{ link: LINK, weight: 2 }] }, says: 'a weight on the link' },
  { what: { links: ROUTED }, says: 'one direction only on the link from r1 to r3' },
  {
    what: { ...CHAIN, routes: [{ router: 'r1.0', nextHops: ['r2.0'], fromMs: 5 }] },
    says: 'next hops of r1.0',
  },
  {
    what: { ...CHAIN, faults: [{ link: LINK, forwardLoss: 0.1, burst: 4 }] },
    says: 'loss that depends',
  },
  {
    what: { ...CHAIN, faults: [{ router: 'r1.0', forwardLoss: 0.1, only: { dscp: 46 } }] },
    says: 'loss that depends',
  },
  ...Object.entries({
    balancing: { kind: 'per-packet' },
    icmpLimitPerProber: { perSecond: 9, burst: 9 },
    icmpLimit: { perSecond: 9, burst: 9, othersPerSecond: 3 },
    answerRatio: 0.5,
    errorSource: 'router',
    quote: 'eight-bytes',
    mplsLabels: [7],
    hidden: true,
    rewrites: { tos: 0 },
    nat: {},
    synProxy: true,
  }).map(([key, value]) => ({
    what: { ...CHAIN, routers: { 'r1.0': { [key]: value } } },
    says: 'at r1.0',
  })),
];

test.each(ROWS)('$what is refused', ({ what, says }) => {
  const { plan } = planScenario(what);
  expect(() => checkPlan(plan)).toThrow(LabPlanError);
  expect(() => checkPlan(plan)).toThrow(says);
});

test('delays, jitter, constant losses, limits and silence are not', () => {
  const { plan } = planScenario({
    ...CHAIN,
    linkDelayMs: 5,
    linkJitterMs: 2,
    faults: [{ link: LINK, forwardLoss: 0.1, returnLoss: 0.2 }],
    routers: { 'r1.0': { silent: true }, 'r2.0': { icmpLimit: { perSecond: 10, burst: 6 } } },
  });
  expect(() => checkPlan(plan)).not.toThrow();
});
