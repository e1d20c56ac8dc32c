/** Traces as other programs write them, of a network whose losses are drawn by a seed. */

import { Random } from '../../src/lib/random.ts';
import type { ScamperTrace } from '../../src/runtime/analyze/scamper-task.ts';

/** Four equal paths of six hops; the far end of each answers as 10.0.TTL.BRANCH. */
export const FOREIGN_SOURCE = '192.0.2.1';
export const FOREIGN_TARGET = '198.51.100.9';
const HOPS = 6;
const BRANCHES = 4;

/** What is lost on the way to a TTL of one of the branches, and behind. */
export interface ForeignLoss {
  readonly ttl: number;
  readonly branch: number;
  readonly lossRatio: number;
}

/** Who answers a branch at a TTL. */
export function foreignHop(ttl: number, branch: number): string {
  if (ttl === HOPS) return FOREIGN_TARGET;
  return ttl < 3 ? `10.0.${ttl}.1` : `10.0.${ttl}.${branch + 1}`;
}

/** As scamper's JSON has it: each flow is traced some times, with up to three attempts a TTL. */
export function scamperTraces(
  { flows, times, seed }: { readonly flows: number; readonly times: number; readonly seed: number },
  loss?: ForeignLoss,
): ScamperTrace[] {
  const random = new Random(seed);
  return Array.from({ length: flows * times }, (_, i) => {
    const flow = i % flows;
    return scamperTrace({ flow, startSec: 1_700_000_000 + 10 * i }, random, loss);
  });
}

function scamperTrace(
  { flow, startSec }: { readonly flow: number; readonly startSec: number },
  random: Random,
  loss: ForeignLoss | undefined,
): ScamperTrace {
  const branch = flow % BRANCHES;
  const hops: NonNullable<ScamperTrace['hops']>[number][] = [];
  for (let ttl = 1; ttl <= HOPS; ttl++) {
    for (let attempt = 1; attempt <= 3; attempt++) {
      const isBehind = loss !== undefined && branch === loss.branch && ttl >= loss.ttl;
      if (isBehind && random.unit() < loss.lossRatio) continue;
      hops.push({
        addr: foreignHop(ttl, branch),
        probe_ttl: ttl,
        probe_id: attempt,
        tx: { sec: startSec + ttl, usec: attempt },
        rtt: ttl,
        ...(ttl === HOPS ? { tcp_flags: 18 } : { icmp_type: 11, icmp_code: 0 }),
      });
      break;
    }
  }
  return {
    type: 'trace',
    method: 'tcp',
    src: FOREIGN_SOURCE,
    dst: FOREIGN_TARGET,
    sport: 33_000 + flow,
    dport: 443,
    start: { sec: startSec, usec: 0 },
    hop_count: HOPS,
    attempts: 3,
    probe_size: 44,
    hops,
  };
}

/** `mtr --json`, by hop: who answers, and which percentage of a hundred probes is lost. */
export function mtrReport(
  hubs: readonly (readonly [host: string, lossPercent: number])[],
  { dst = FOREIGN_TARGET, sent = 100 }: { readonly dst?: string; readonly sent?: number } = {},
): object {
  return {
    report: {
      mtr: { src: 'here', dst, tos: 0, tests: sent, psize: '64', bitpattern: '0x00' },
      hubs: hubs.map(([host, lossPercent], i) => ({
        count: i + 1,
        host,
        'Loss%': lossPercent,
        Snt: sent,
        Last: 1,
        Avg: 1.5,
        Best: 1,
        Wrst: 2,
        StDev: 0.1,
      })),
    },
  };
}
