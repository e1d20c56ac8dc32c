/** How a sweep is divided among senders, and what they come to together. */

import type { LinkCounters } from '../../model/packet-link.ts';
import type { SweepCheckpoint, SweepRecord, SweepTotals } from '../../model/sweep-record.ts';
import type { SweepCounters } from '../../probing/sweep/sweep-counters.ts';
import type { SweepQuestion } from './open-sweep.ts';
import type { SenderResult, SenderTask } from './sender-messages.ts';
import type { SweepProgress } from './sweep-listener.ts';
import type { SweepPlace } from './sweep-network.ts';
import { outputKindOf } from './sweep-output.ts';
import type { SweepSettings } from './sweep-settings.ts';
import type { SweepGround, SweepOutcome } from './sweep-summary.ts';

/**
 * The part of each: one in so many targets; the same share of every pace, so that what a prefix or
 * an interface gets from all is what it may; and source ports that tell whose a reply is.
 */
export function senderTasks(
  { settings, targets, resume, options, complete }: SweepQuestion,
  place: SweepPlace,
  isHeard: boolean,
): SenderTask[] {
  const { output } = options;
  return Array.from({ length: complete.senders }, (_, sender) => ({
    sender,
    place,
    settings: settingsOf(settings, sender, complete.senders),
    targets: targets.set.parts(),
    resume: resumeOf(resume, sender),
    outputKind: output === undefined ? undefined : outputKindOf(output),
    isHeard,
  }));
}

function settingsOf(settings: SweepSettings, sender: number, of: number): SweepSettings {
  const { shard, rates, flows, sourcePort, maxProbes } = settings;
  return {
    ...settings,
    shard: { index: shard.index + shard.of * sender, of: shard.of * of },
    rates: {
      total: rates.total / of,
      perPrefix: rates.perPrefix / of,
      perInterface: rates.perInterface / of,
    },
    sourcePort: sourcePort + flows * sender,
    maxProbes: Math.ceil(maxProbes / of),
  };
}

function resumeOf(
  resume: SweepCheckpoint | undefined,
  sender: number,
): SweepCheckpoint | undefined {
  const own = resume?.senders?.[sender];
  return resume && own && { ...resume, ...own };
}

/** Time passes for all of them at once. */
export function addedTotals(all: readonly SweepTotals[]): SweepTotals {
  return {
    durationMs: Math.max(...all.map(({ durationMs }) => durationMs)),
    probesSent: sum(all.map(({ probesSent }) => probesSent)),
    repliesReceived: sum(all.map(({ repliesReceived }) => repliesReceived)),
    targetsProbed: sum(all.map(({ targetsProbed }) => targetsProbed)),
    targetsReached: sum(all.map(({ targetsReached }) => targetsReached)),
    repliesByTtl: (all[0]?.repliesByTtl ?? []).map((_, i) =>
      sum(all.map(({ repliesByTtl }) => repliesByTtl[i] ?? 0)),
    ),
  };
}

/** @param interfaces that all have seen */
export function addedProgress(all: readonly SweepProgress[], interfaces: number): SweepProgress {
  return {
    share: sum(all.map(({ share }) => share)) / all.length,
    elapsedUs: Math.max(...all.map(({ elapsedUs }) => elapsedUs)),
    probesSent: sum(all.map(({ probesSent }) => probesSent)),
    repliesReceived: sum(all.map(({ repliesReceived }) => repliesReceived)),
    interfaces,
    shareBefore: sum(all.map(({ shareBefore }) => shareBefore)) / all.length,
    probesSentBefore: sum(all.map(({ probesSentBefore }) => probesSentBefore)),
  };
}

/** @param interfaces that all have seen */
export function addedResults(
  results: readonly SenderResult[],
  interfaces: number,
): { readonly outcome: SweepOutcome; readonly network: SweepGround['network'] } {
  const outcomes = results.map(({ outcome }) => outcome);
  const drops = sum(results.map(({ counters }) => counters.socketDrops));
  return {
    outcome: {
      startedAt: new Date(Math.min(...outcomes.map(({ startedAt }) => startedAt.getTime()))),
      stopReason: stopReasonOf(outcomes.map(({ stopReason }) => stopReason)),
      totals: addedTotals(outcomes.map(({ totals }) => totals)),
      counters: addedCounters(outcomes.map(({ counters }) => counters)),
      interfaces,
      inShard: sum(outcomes.map(({ inShard }) => inShard)),
    },
    network: {
      source: results[0]?.source ?? new Uint8Array(4),
      notes: [...new Set(results.flatMap(({ notes }) => notes))],
      counters: (): LinkCounters => ({ socketDrops: drops }),
    },
  };
}

function stopReasonOf(all: readonly SweepRecord['stopReason'][]): SweepRecord['stopReason'] {
  return (['interrupted', 'probe-limit'] as const).find((each) => all.includes(each)) ?? 'complete';
}

function addedCounters(all: readonly SweepCounters[]): SweepCounters {
  const sendErrors: Record<string, number> = {};
  for (const counters of all) {
    for (const [name, count] of Object.entries(counters.sendErrors)) {
      sendErrors[name] = (sendErrors[name] ?? 0) + count;
    }
  }
  return {
    probesSent: sum(all.map(({ probesSent }) => probesSent)),
    replies: sum(all.map(({ replies }) => replies)),
    targetReplies: sum(all.map(({ targetReplies }) => targetReplies)),
    foreignReplies: sum(all.map(({ foreignReplies }) => foreignReplies)),
    malformed: sum(all.map(({ malformed }) => malformed)),
    lateReplies: sum(all.map(({ lateReplies }) => lateReplies)),
    ownHostErrors: sum(all.map(({ ownHostErrors }) => ownHostErrors)),
    sendErrors,
    sendPauses: sum(all.map(({ sendPauses }) => sendPauses)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
