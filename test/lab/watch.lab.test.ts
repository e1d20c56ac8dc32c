/**
 * `fantrace watch` on a server of kernel namespaces: clients behind equal-cost routers come and go,
 * and every connection must have one whole file.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '../../tools/build.mjs';
import { openWatchLab, type WatchFile, type WatchLab } from './watch-lab.ts';

const CLIENTS = 20;
const VISITS = { connections: 200, durationMs: 3000 };
let lab: WatchLab;

beforeAll(async () => {
  build();
  lab = await openWatchLab(CLIENTS);
});

afterAll(async () => {
  await lab?.close();
});

function countBy(files: readonly WatchFile[], key: (file: WatchFile) => string) {
  const counts: Record<string, number> = {};
  for (const file of files) counts[key(file)] = (counts[key(file)] ?? 0) + 1;
  return counts;
}

describe('fantrace watch', () => {
  it('gives every connection one whole file, and traces to each client once', async () => {
    const run = await lab.watch([]);
    try {
      const made = await lab.visit(VISITS);
      await run.reaches('fantrace_connections_total{source="netlink"}', VISITS.connections);
      expect(await run.stop()).toBe(0);
      const files = run.files();
      expect(countBy(files, ({ destination }) => destination)).toEqual(made);
      expect(new Set(files.map(({ metadata }) => metadata.UUID)).size).toBe(VISITS.connections);
      const own = files.filter(({ metadata }) => !metadata.CachedResult);
      expect(Object.values(countBy(own, ({ destination }) => destination))).toEqual(
        lab.clients.map(() => 1),
      );
      for (const { name, metadata, types } of files) {
        expect(name).toMatch(/^\d{4}\/\d\d\/\d\d\/\d{8}T\d{6}Z_\S+\.jsonl$/);
        expect(name.endsWith(`_${metadata.UUID}.jsonl`)).toBe(true);
        expect(types).toEqual(['cycle-start', 'tracelb', 'cycle-stop']);
      }
    } finally {
      run.remove();
    }
  });
});
