/**
 * `fantrace paths` on kernel routers: the graph must be that of the routers' own tables. The search
 * may miss a branch once in a million here, so that a test that fails is a bug.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { PathsRecord } from '../../src/model/paths-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { build } from '../../tools/build.mjs';
import { CLI } from './isolate-run.ts';
import type { NamespaceLab } from './namespace-lab.ts';
import { misplacedFlows, recordedLinks, trueLinks } from './paths-truth.ts';
import { labFor } from './scenario-plan.ts';

const FABRICS = [
  { name: 'a chain', what: { fabric: { widths: [1, 1, 1] } } },
  { name: 'a diamond', what: { fabric: { widths: [1, 4, 1] } } },
  { name: 'wide ones', what: { fabric: { widths: [2, 4, 4, 2, 1] } } },
  { name: 'ways of unequal length', what: { fabric: { widths: [1, 4, 1], detours: ['r2.1'] } } },
];
const FAMILIES: readonly IpFamily[] = [4, 6];
const SURELY = ['--confidence', '0.999999', '--rate', '20000'];

beforeAll(() => {
  build();
});

async function pathsIn(lab: NamespaceLab, flags: readonly string[]): Promise<PathsRecord> {
  const target = lab.plan.target.address[lab.plan.family];
  const argv = [process.execPath, CLI, 'paths', '--json', '--no-dns', ...flags, target];
  const { stdout, stderr } = await lab.exec(SOURCE, argv, { timeoutMs: 60_000 });
  try {
    return JSON.parse(stdout) as PathsRecord;
  } catch {
    throw new Error(`no record, but: ${stdout}${stderr}`);
  }
}

describe.each(FABRICS)('$name', ({ what }) => {
  describe.each(FAMILIES)('over IPv%i', (family) => {
    let lab: NamespaceLab;
    beforeAll(async () => {
      ({ lab } = await labFor(what, { family, seed: 3 }));
    });
    afterAll(() => lab?.close());

    it('every link is found, and every flow is where the kernel sends it', async () => {
      const record = await pathsIn(lab, SURELY);
      expect(record).toMatchObject({ reached: true, stopReason: 'complete', protocol: 'udp' });
      const destinationPort = record.target.port ?? 0;
      expect(recordedLinks(record, lab.plan)).toEqual(await trueLinks(lab, { destinationPort }));
      expect(await misplacedFlows(record, lab)).toEqual([]);
      expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0 });
    });
  });
});
