/**
 * scamper, as Debian has it, as the tracer of `fantrace watch` behind kernel routers: by its
 * control socket, and a process for each trace.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hopAddresses } from '../../src/watch/scamper/hop-addresses.ts';
import { parseScamperFile } from '../../src/watch/scamper/scamper-file.ts';
import { openWatchLab, type WatchLab } from './watch-lab.ts';

const CLIENTS = 10;
/** Two for each client, so that one of them shares the result of the other. */
const VISITS = { connections: 2 * CLIENTS, durationMs: 300 };
/** One behind another on each path. */
const ROUTERS = 3;
let lab: WatchLab;

beforeAll(async () => {
  lab = await openWatchLab(CLIENTS);
});

afterAll(async () => {
  await lab?.close();
});

it.each(['scamper-daemon', 'scamper'])(
  '%s finds the routers, in files that are taken',
  async (tracer) => {
    const run = await lab.watch(['--tracer', tracer]);
    try {
      await lab.visit(VISITS);
      await run.reaches('fantrace_result_files_total', VISITS.connections);
      expect(await run.stop(), run.log).toBe(0);
      const files = run.files();
      expect(files).toHaveLength(VISITS.connections);
      expect(files.filter(({ metadata }) => !metadata.CachedResult)).toHaveLength(CLIENTS);
      for (const { name, destination } of files) {
        const file = parseScamperFile(readFileSync(path.join(run.folder, name), 'utf8'), 'tracelb');
        expect(file.result).toMatchObject({ method: 'icmp-echo', dst: destination, gaplint: 3 });
        const hops = hopAddresses(file);
        expect(hops).toHaveLength(ROUTERS + 1);
        expect(hops.at(-1)).toBe(destination);
      }
    } finally {
      run.remove();
    }
  },
);
