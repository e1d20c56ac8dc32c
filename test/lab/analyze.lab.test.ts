/**
 * Whether a capture of a run tells what the run told: tcpdump listens on all devices of the source,
 * as a user would have it, while `fantrace isolate` measures. The link drops every packet, so that
 * nothing is left to chance: whichever flows are probed, those across it never arrive.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { CLI, isListening, isNamed, isolateIn, type TrueFault } from './isolate-run.ts';
import { runCommand } from './lab-commands.ts';
import { FABRIC, labTest } from './lab-test.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const FAULT = { link: ['r2.1', 'r3.2'], forwardLoss: 1 } as const;
const truth: TrueFault = { place: { kind: 'link', near: 'r2.1', far: 'r3.2' }, lossRatio: 1 };
const EXIT_LOSS = 2;

const it = labTest({ seed: 3 });

describe.concurrent.each(FAMILIES)('a capture of an isolate run in IPv%i', (family) => {
  it('names the link that the run names', async ({ open }) => {
    const lab = await open(FABRIC, { family, faults: [FAULT] });
    const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-capture-'));
    try {
      const file = path.join(folder, 'run.pcap');
      const { address } = lab.plan.target;
      // It would else become a user who may not write there.
      const options = ['-i', 'any', '-n', '-Z', 'root', '--immediate-mode', '-U', '-w', file];
      const filter = `host ${address[family]} or icmp or icmp6`;
      const tcpdump = lab.spawn(SOURCE, ['tcpdump', ...options, filter]);
      const isOver = once(tcpdump, 'close');
      tcpdump.stdout.resume();
      await isListening(tcpdump.stderr);
      tcpdump.stderr.resume();
      const live = await isolateIn(lab, { seed: 3 });
      tcpdump.kill('SIGINT');
      await isOver;
      const { status, stdout, stderr } = await runCommand([
        ...[process.execPath, CLI, 'analyze', file, '--json'],
      ]);
      expect({ status, stderr }).toEqual({ status: EXIT_LOSS, stderr: '' });
      const record: IsolateRecord = JSON.parse(stdout);
      expect(record).toMatchObject({ verdict: 'loss-located', family, stopReason: 'recorded' });
      expect(isNamed(lab.plan, live.record, truth), live.record.summary).toBe(true);
      expect(isNamed(lab.plan, record, truth), record.summary).toBe(true);
      const pathsOf = ({ flows }: IsolateRecord) =>
        new Map(flows.map(({ sourcePort, path: hops }) => [sourcePort, hops.slice(0, 2)]));
      expect(pathsOf(record)).toEqual(pathsOf(live.record));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
