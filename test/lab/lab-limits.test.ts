/** What the lab refuses, so that no test takes the kernel for something that it is not. */

import { expect, test } from 'vitest';
import { checkPlan } from './lab-limits.ts';
import { LabPlanError } from './lab-plan-error.ts';
import { planScenario } from './scenario-plan.ts';

const CHAIN = { fabric: { widths: [1, 1] } };
const TWO_WAYS = [
  { near: 'source', far: 'r1' },
  { near: 'source', far: 'r2' },
  { near: 'r1', far: 'target' },
  { near: 'r2', far: 'target' },
];
const LINK = ['r1.0', 'r2.0'];

const ROWS: readonly { readonly what: object; readonly says: string }[] = [
  {
    what: { links: TWO_WAYS, balancing: { kind: 'per-packet' } },
    says: 'balancing at source other than by flow or destination',
  },
  {
    what: { links: TWO_WAYS, balancing: { buckets: 64 } },
    says: 'balancing at source other than by flow or destination',
  },
  { what: { ...CHAIN, linkTraits: [{ link: LINK, mtu: 1000 }] }, says: 'an MTU that IPv6 forbids' },
  {
    what: { ...CHAIN, linkTraits: [{ link: ['source', 'r1.0'], mtu: 1400 }] },
    says: 'a small MTU on the link from source to r1.0',
  },
  {
    what: { ...CHAIN, faults: [{ link: LINK, forwardLoss: 0.1, fromMs: 1500 }] },
    says: 'a change 1500 ms after the start',
  },
  {
    what: { ...CHAIN, faults: [{ link: LINK, forwardLoss: 0.1, periodMs: 1000, duty: 0.5 }] },
    says: 'a change 500 ms after the start',
  },
  {
    what: { ...CHAIN, routes: [{ router: 'r1.0', nextHops: ['r2.0'], untilMs: 10 }] },
    says: 'a change 10 ms after the start',
  },
  {
    what: { ...CHAIN, routers: { 'r1.0': { nat: { ports: 'random' } } } },
    says: 'a translator that changes ports packet by packet at r1.0',
  },
  {
    what: { ...CHAIN, family: 6, routers: { 'r1.0': { quote: 'eight-bytes' } } },
    says: "quotes other than the kernel's own in IPv6 at r1.0",
  },
  { what: { ...CHAIN, hashesFlowLabels: true }, says: 'flow labels as part of the flow' },
];

test.each(ROWS)('$what is refused', ({ what, says }) => {
  const { plan } = planScenario(what);
  expect(() => checkPlan(plan)).toThrow(LabPlanError);
  expect(() => checkPlan(plan)).toThrow(says);
});

test('what Linux has, and what its rules and a program on a router can do, is not', () => {
  const { plan } = planScenario({
    ...CHAIN,
    linkDelayMs: 5,
    linkJitterMs: 2,
    linkTraits: [{ link: LINK, weight: 3, mtu: 1280 }],
    faults: [
      { link: LINK, forwardLoss: 0.1, returnLoss: 0.2 },
      { link: LINK, forwardLoss: 0.1, burst: 4, only: { dscp: 46, bytesMin: 100 } },
      { router: 'r1.0', forwardLoss: 0.1, only: { hashBucket: { of: 8, index: 1 } }, fromMs: 2000 },
    ],
    routes: [{ router: 'r1.0', nextHops: ['r2.0'], periodMs: 2000, duty: 0.5 }],
    routers: {
      'r1.0': { silent: true, nat: { ports: 'mapped' }, balancing: { kind: 'per-packet' } },
      'r2.0': {
        icmpLimit: { perSecond: 10, burst: 6, othersPerSecond: 30 },
        icmpLimitPerProber: { perSecond: 1, burst: 6 },
        quote: 'eight-bytes',
        mplsLabels: [16],
        rewrites: { ttl: 64, tos: 0, sequence: true },
        hidden: true,
        synProxy: true,
      },
    },
    target: { answerLimit: { perSecond: 9, burst: 9 } },
  });
  expect(() => checkPlan(plan)).not.toThrow();
});
