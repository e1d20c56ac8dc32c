import { describe, expect, test } from 'vitest';
import { tableOf } from '../../../test/support/learned-table.ts';
import type { Hop } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import type { FlowTable } from './flow-table.ts';
import type { PlannedProbe } from './round-options.ts';
import { spareAll, spareLimited } from './spared-interfaces.ts';

const FLOWS = 8;

/** Every flow is to be asked so often at each of its hops. */
function probesOf(paths: readonly (readonly Hop[])[], each: number): PlannedProbe[] {
  return paths.flatMap((path, flow) =>
    path.flatMap((_, hop) => Array.from({ length: each }, () => ({ flow, ttl: hop + 1 }))),
  );
}

function optionsOf(limited: readonly number[]) {
  const chosen = [...new Array(FLOWS).keys()];
  const random = new Random(1);
  return {
    flows: FLOWS,
    minTtl: 1,
    maxTtl: 30,
    chosen,
    leads: [],
    random,
    limited: new Set(limited),
  };
}

function askedAt(probes: readonly PlannedProbe[], ttl: number, flows: readonly number[]): number {
  return probes.filter((probe) => probe.ttl === ttl && flows.includes(probe.flow)).length;
}

function spared(table: FlowTable, paths: readonly (readonly Hop[])[]): PlannedProbe[] {
  return spareLimited(table, probesOf(paths, 10), optionsOf([200]));
}

const KNOWN: readonly Hop[] = [100, 200, 'T'];
const STARRED: readonly Hop[] = [100, '*', 'T'];

describe('a limited interface', () => {
  test('gets its share of a round where all paths are known', () => {
    const paths = new Array<readonly Hop[]>(FLOWS).fill(KNOWN);
    const probes = spared(tableOf(paths), paths);
    expect(askedAt(probes, 2, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(6);
    expect(askedAt(probes, 1, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(80);
  });

  test('gets it for flows that have a star in its place, where there are any', () => {
    const paths = [...new Array(4).fill(KNOWN), ...new Array(4).fill(STARRED)];
    const probes = spared(tableOf(paths), paths);
    expect(askedAt(probes, 2, [0, 1, 2, 3])).toBe(1);
    expect(askedAt(probes, 2, [4, 5, 6, 7])).toBe(6);
  });

  test('gets its own again when the star has been asked so often that it is silent', () => {
    const paths = [...new Array(4).fill(KNOWN), ...new Array(4).fill(STARRED)];
    const probes = spared(tableOf(paths, 32), paths);
    expect(askedAt(probes, 2, [0, 1, 2, 3])).toBe(6);
  });
});

describe('a round', () => {
  test('asks no interface, nor a TTL that nobody is known at, too often', () => {
    const paths = new Array<readonly Hop[]>(FLOWS).fill(STARRED);
    const all = spareAll(tableOf(paths), probesOf(paths, 20), optionsOf([]));
    const flows = [...new Array(FLOWS).keys()];
    for (const ttl of [1, 2, 3]) expect(askedAt(all, ttl, flows)).toBe(80);
  });
});
