/** The summary of a sweep as text: the answer first. */

import type { SweepRecord } from '../model/sweep-record.ts';
import type { Paint } from './paint.ts';

const BAR_COLUMNS = 40;

/** All lines, the last one ended. */
export function formatSweepText(record: SweepRecord, paint: Paint): string {
  const { targets, shard, strategy, seed, measurement } = record;
  const shardText = shard.of === 1 ? '' : `, shard ${shard.index}/${shard.of}`;
  const lines = [
    paint.strong(record.summary),
    '',
    `Targets    ${targets.count}${shardText}; ${targets.excluded} excluded; seed ${seed}`,
    `Probes     ${record.probesSent}, ${strategy}; ${savedShare(record)} fewer than for every TTL`,
    `Replies    ${record.repliesReceived} in ${(record.durationMs / 1000).toFixed(1)} s`,
    ...byTtl(record),
    ...spoilers(measurement),
  ];
  return `${lines.join('\n')}\n`;
}

function savedShare({ probesSaved, probesSent }: SweepRecord): string {
  const all = probesSaved + probesSent;
  return all === 0 ? '0 %' : `${Math.round((100 * probesSaved) / all)} %`;
}

/** A bar for each TTL from the first to the last that has replies. */
function byTtl({ repliesByTtl, minTtl }: SweepRecord): string[] {
  const most = Math.max(...repliesByTtl);
  if (most === 0) return [];
  const last = repliesByTtl.findLastIndex((count) => count > 0);
  const rows = repliesByTtl.slice(0, last + 1).map((count, i) => {
    const bar = '█'.repeat(Math.ceil((BAR_COLUMNS * count) / most));
    return `${String(minTtl + i).padStart(6)}  ${String(count).padStart(9)}  ${bar}`.trimEnd();
  });
  return ['', '   TTL    replies', ...rows];
}

const SPOILERS = {
  socketDrops: 'replies lost here, as the receive buffer was full',
  sendErrors: 'probes that the kernel refused',
  malformed: 'packets that could not be read',
  foreignReplies: 'packets that were no replies to this sweep, or forged',
  lateReplies: 'replies that came after their window was over',
  ownHostErrors: 'errors that this host sent itself',
} as const;

function spoilers(measurement: SweepRecord['measurement']): string[] {
  const counted = Object.entries(SPOILERS).flatMap(([name, meaning]) => {
    const count = measurement[name as keyof typeof SPOILERS];
    return count === 0 ? [] : [`Note: ${count} ${meaning}`];
  });
  const notes = measurement.notes.map((note) => `Note: ${note}`);
  return counted.length + notes.length === 0 ? [] : ['', ...counted, ...notes];
}
