/**
 * What could have been taken for loss on the way and was not: changes of paths, the way back, and
 * our own host. Each says where, and what speaks against it.
 */

import { counted } from '../../lib/counted.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { RejectedCause, VerdictKind } from '../../model/verdict.ts';
import type { ChangeOfFlow } from './epoch-counts.ts';
import type { TargetLosses } from './late-answers.ts';
import type { TargetAnswers } from './limited-target.ts';
import type { MeasuredPaths } from './measured-paths.ts';

/** What our own host may have spoiled. */
export interface OwnHost {
  readonly source: string;
  /** Packets that its kernel dropped because they were read too late. */
  readonly socketDrops: number;
  /** Packets that it refused to send. */
  readonly sendErrors: number;
  /** How long our process waited for its turn: mostly not longer than this, … */
  readonly loopDelayP99Ms: number;
  /** … and once. */
  readonly loopDelayMaxMs: number;
}

/** Shorter waits only delay the next probe, as the kernel notes when replies came. */
const SLOW_MS = 100;
const STALL_MS = 500;
/** Our own drops must be fewer than this share of a loss, or it may be ours. */
const OWN_DROPS_SHARE = 0.1;

/** Changes of paths during the run, by the hop at which they begin. */
export function changedPaths(
  { counts, changes }: Pick<MeasuredPaths, 'counts' | 'changes'>,
  addresses: AddressBook,
): RejectedCause[] {
  const byHop = new Map<number, ChangeOfFlow[]>();
  for (const change of changes) byHop.set(change.hop, [...(byHop.get(change.hop) ?? []), change]);
  return [...byHop]
    .sort(([a], [b]) => a - b)
    .map(([hop, moves]) => {
      const flows = new Set(moves.map(({ flow }) => flow));
      const lost = moves.reduce((sum, { probesLost }) => sum + probesLost, 0);
      const before = [...flows].flatMap((flow) => counts.flows[flow]?.responders[hop - 1] ?? []);
      const known = before.find((responder) => responder >= 0);
      const who = `${counted(flows.size, 'flow')} changed path`;
      const restless = new Set(
        moves.filter(({ isRestless }) => isRestless).map(({ flow }) => flow),
      );
      const unmeasured =
        restless.size === 0 ? '' : `, ${restless.size} of them too often to be measured`;
      return {
        cause: 'path-change',
        where: known === undefined ? `TTL ${counts.minTtl + hop}` : addresses.textOf(known),
        why:
          `${who} at TTL ${counts.minTtl + hop} during the run${unmeasured}; ` +
          (lost === 0
            ? 'no probe was lost meanwhile'
            : `${counted(lost, 'probe')} lost meanwhile: held against no link`),
      } as const;
    });
}

/** The way back, where the target would have answered late what was lost there. */
export function returnLossRejected(
  { answeredLate, unanswered }: TargetLosses,
  target: string,
): RejectedCause[] {
  if (answeredLate > 0 || unanswered === 0) return [];
  const count = unanswered === 1 ? 'the one lost probe' : `any of ${unanswered} lost probes`;
  return [
    {
      cause: 'return-loss',
      where: target,
      why: `repeated no answer to ${count}, as it would if its answers had been lost`,
    },
  ];
}

/** The target, where it limits its answers. */
export function targetLimited(answers: TargetAnswers | undefined, target: string): RejectedCause[] {
  if (answers === undefined) return [];
  const why = `${limitText(answers)}: the hops before it tell what is lost`;
  return [{ cause: 'target-rate-limit', where: target, why }];
}

function limitText({ sent, received, whenSlow, isByClock }: TargetAnswers): string {
  const share = `answers ${received} of ${counted(sent, 'probe')}`;
  if (isByClock) return `${share}, each some time after the one before, so it limits its answers`;
  if (whenSlow === undefined) return `${share} with ICMP errors, of which hosts send only so many`;
  const slow = `${whenSlow.received} of ${whenSlow.sent}`;
  return `${share}, and a larger share when asked less often (${slow}), so it limits its answers`;
}

/** Our own host, where it lost or refused packets itself. */
export function ownHostCauses(host: OwnHost, probesLost: number): RejectedCause[] {
  const { source, socketDrops, sendErrors, loopDelayP99Ms, loopDelayMaxMs } = host;
  const reasons: string[] = [];
  if (socketDrops > 0) {
    const share = isOwnHostToBlame(host, probesLost) ? 'may explain' : 'cannot explain';
    const explained =
      probesLost === 0 ? '' : `, which ${share} ${counted(probesLost, 'lost probe')}`;
    reasons.push(`dropped ${counted(socketDrops, 'received packet')}${explained}`);
  }
  if (sendErrors > 0)
    reasons.push(`refused to send ${counted(sendErrors, 'time')}, which counts for no link`);
  if (loopDelayP99Ms > SLOW_MS || loopDelayMaxMs > STALL_MS) {
    reasons.push(
      `was busy for up to ${Math.round(loopDelayMaxMs)} ms at a time, which loses nothing`,
    );
  }
  return reasons.map((why) => ({ cause: 'own-host', where: source, why: `this host ${why}` }));
}

/** A verdict that our own drops might explain is not more than a suspicion. */
export function withOwnHost(verdict: VerdictKind, host: OwnHost, probesLost: number): VerdictKind {
  return verdict === 'loss-located' && isOwnHostToBlame(host, probesLost)
    ? 'loss-suspected'
    : verdict;
}

function isOwnHostToBlame({ socketDrops }: OwnHost, probesLost: number): boolean {
  return socketDrops > OWN_DROPS_SHARE * probesLost;
}
