/** One run to several hosts behind kernel routers, on a host with one uplink and with several. */

import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { isNamed, isolateIn, pathErrors } from './isolate-run.ts';
import { labTest } from './lab-test.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];

const it = labTest({ seed: 5 });

describe.concurrent.each(FAMILIES)('IPv%i: two hosts', (family) => {
  // Wrong in one run of 10,000, as its confidence says.
  const flags = ['--confidence', '99.99%', '--flows', '32'];

  it('behind one lossy link have one verdict, which names it', async ({ open }) => {
    const place = { kind: 'link', near: 'r1.0', far: 'r2.1' } as const;
    const faults = [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.2 }] as const;
    const otherTargets = [{ name: 'db8', behind: ['r3.0', 'r3.1'] }];
    const network = { fabric: { widths: [1, 4, 2, 2] }, otherTargets };
    const lab = await open(network, { family, seed: 3, faults });
    const { record, status } = await isolateIn(lab, { flags });
    expect(record.verdict, record.summary).toBe('loss-located');
    expect(status).toBe(2);
    expect(isNamed(lab.plan, record, { place, lossRatio: 0.2 }), record.summary).toBe(true);
    expect(await pathErrors(lab, record, { unseen: [] })).toEqual([]);
    const hit = record.flows.flatMap(({ target, lossy }) => (lossy ? [target] : []));
    expect(new Set(hit)).toEqual(new Set([0, 1]));
    const lengths = record.flows.map(({ path }) => path.length);
    expect(new Set(lengths)).toEqual(new Set([5, 4]));
  });

  it('are reached by the uplinks of sockets with the same five-tuples', async ({ open }) => {
    const otherTargets = [{ name: 'db8', behind: ['r2.0', 'r2.1'] }];
    const network = { fabric: { widths: [2, 2] }, otherTargets };
    const lab = await open(network, { family });
    const { record } = await isolateIn(lab, { flags: [...flags, '--exclude', '20%'] });
    expect(record.verdict, record.summary).toBe('no-loss');
    expect(record.hops[0]?.interfaces).toHaveLength(2);
    expect(await pathErrors(lab, record)).toEqual([]);
  });
});
