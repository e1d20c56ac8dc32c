/** Which interfaces are one router, from evidence on pairs of them; never by a pair's word alone
 * where another pair speaks against it. */

/** What a pair of interfaces was seen to do. */
export interface PairEvidence {
  /** Two interfaces: indexes of addresses. */
  readonly pair: readonly [number, number];
  readonly kind: 'ip-id' | 'reply-source' | 'icmp-limit';
  /** That both are one router. */
  readonly probability: number;
}

/** Interfaces that are probably one router. */
export interface AliasGroup {
  /** Ascending. */
  readonly members: readonly number[];
  /** That all of them are. */
  readonly probability: number;
  /** What joined them. */
  readonly evidence: readonly PairEvidence[];
}

/** Of two interfaces at one hop, before anything is known of them. */
const PRIOR = 0.1;
/** A pair joins with this probability or more. */
export const JOINED_FROM = 0.95;

/**
 * What is to be believed of a pair after evidence that has `chance` were they two routers, and is
 * certain were they one.
 */
export function posterior(chance: number): number {
  return PRIOR / (PRIOR + (1 - PRIOR) * chance);
}

/**
 * Joins pairs, surest first.
 *
 * @param apart whether two interfaces are known to be two routers
 */
export function aliasGroups(
  evidence: readonly PairEvidence[],
  apart: (a: number, b: number) => boolean,
): AliasGroup[] {
  const groups = new Map<number, AliasGroup>();
  const groupOf = (member: number): AliasGroup =>
    groups.get(member) ?? { members: [member], probability: 1, evidence: [] };
  for (const each of evidence.toSorted((x, y) => y.probability - x.probability)) {
    if (each.probability < JOINED_FROM) break;
    const [a, b] = each.pair.map(groupOf) as [AliasGroup, AliasGroup];
    if (a.members.includes(each.pair[1])) continue;
    if (a.members.some((one) => b.members.some((other) => apart(one, other)))) continue;
    const probability = a.probability * b.probability * each.probability;
    if (probability < JOINED_FROM) continue;
    const joined: AliasGroup = {
      members: [...a.members, ...b.members].sort((x, y) => x - y),
      probability,
      evidence: [...a.evidence, ...b.evidence, each],
    };
    for (const member of joined.members) groups.set(member, joined);
  }
  return [...new Set(groups.values())];
}
