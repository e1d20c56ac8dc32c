/** What a sweep came to, as its record says it. */

import type { AddressSet } from '../../lib/address-ranges.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { SweepCheckpoint, SweepRecord, SweepTotals } from '../../model/sweep-record.ts';
import type { SweepCounters } from '../../probing/sweep/sweep-counters.ts';
import { VERSION } from '../version.ts';
import type { SweepNetwork } from './sweep-network.ts';
import type { SweepSettings } from './sweep-settings.ts';

/** What only the run knows. */
export interface SweepOutcome {
  readonly startedAt: Date;
  readonly stopReason: SweepRecord['stopReason'];
  readonly totals: SweepTotals;
  readonly counters: SweepCounters;
  readonly interfaces: number;
  readonly inShard: number;
}

/** What the record says of a sweep besides what it came to. */
export interface SweepGround {
  readonly settings: SweepSettings;
  readonly targets: AddressSet;
  readonly excluded: number;
  readonly resume?: SweepCheckpoint | undefined;
  readonly network: Pick<SweepNetwork, 'source' | 'notes' | 'counters'>;
}

/** The document of a sweep. */
export function sweepRecordOf(run: SweepGround, outcome: SweepOutcome): SweepRecord {
  const { settings, targets, excluded, network, resume } = run;
  const { stopReason, totals, counters, interfaces, inShard } = outcome;
  const { minTtl, maxTtl, flows, shard } = settings;
  const exhaustive = totals.targetsProbed * (maxTtl - minTtl + 1) * flows;
  return {
    schema: 'fantrace.sweep/1',
    version: VERSION,
    startedAt: outcome.startedAt.toISOString(),
    durationMs: totals.durationMs,
    partial: stopReason === 'interrupted',
    stopReason,
    simulated: settings.isSimulated,
    resumed: resume !== undefined,
    targets: {
      count: targets.size,
      excluded,
      inShard,
      probed: totals.targetsProbed,
      reached: totals.targetsReached,
    },
    shard: { index: shard.index + 1, of: shard.of },
    source: formatIpAddress(network.source),
    family: targets.family,
    protocol: settings.protocol,
    port: settings.port,
    strategy: settings.strategy,
    flows,
    minTtl,
    maxTtl,
    seed: settings.seed,
    rate: settings.rates.total,
    probesSent: totals.probesSent,
    repliesReceived: totals.repliesReceived,
    interfaces,
    probesSaved: Math.max(0, exhaustive - totals.probesSent),
    repliesByTtl: totals.repliesByTtl,
    summary: inShard === 0 ? emptyShard(shard, targets.size) : sentence(outcome),
    measurement: {
      socketDrops: network.counters().socketDrops,
      sendErrors: Object.values(counters.sendErrors).reduce((sum, count) => sum + count, 0),
      sendPauses: counters.sendPauses,
      foreignReplies: counters.foreignReplies,
      malformed: counters.malformed,
      lateReplies: counters.lateReplies,
      ownHostErrors: counters.ownHostErrors,
      notes: [...network.notes, ...sendErrorNotes(counters)],
    },
  };
}

/** Of a part of so few targets that it has none. */
function emptyShard({ index, of }: SweepSettings['shard'], targets: number): string {
  const shard = `shard ${index + 1}/${of}`;
  return `Nothing was sent: ${shard} has none of the ${nouned(targets, 'target')}.`;
}

function sentence({ stopReason, totals, interfaces, inShard }: SweepOutcome): string {
  const { targetsProbed, targetsReached, probesSent } = totals;
  const share = targetsProbed === 0 ? 0 : Math.round((100 * targetsReached) / targetsProbed);
  const count = `${counted(targetsReached)} of ${counted(targetsProbed)}`;
  const reached = `${count} ${targetsProbed === 1 ? 'target' : 'targets'} answered (${share} %)`;
  const found = `${nouned(interfaces, 'interface')} seen with ${nouned(probesSent, 'probe')}`;
  const left = inShard - targetsProbed;
  const rest = `${nouned(left, 'target')} ${left === 1 ? 'is' : 'are'} left`;
  if (stopReason === 'complete') return `${reached}; ${found}.`;
  const why = stopReason === 'interrupted' ? 'interrupted' : 'stopped at the probe limit';
  return `${reached}; ${found}; ${why}: ${rest}.`;
}

function nouned(count: number, noun: string): string {
  return `${counted(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** With commas, the same everywhere. */
function counted(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

function sendErrorNotes({ sendErrors }: SweepCounters): string[] {
  return Object.entries(sendErrors).map(
    ([name, count]) => `the kernel refused ${nouned(count, 'probe')} (${name})`,
  );
}

/** Of a sweep that begins. */
export function newTotals({ minTtl, maxTtl }: SweepSettings): SweepTotals {
  return {
    durationMs: 0,
    probesSent: 0,
    repliesReceived: 0,
    targetsProbed: 0,
    targetsReached: 0,
    repliesByTtl: new Array<number>(maxTtl - minTtl + 1).fill(0),
  };
}
