/**
 * The path of each flow out of a trace over all paths, as M-Lab's `trex` takes it: the source, the
 * first node, and whatever answered the flow further on. What did not answer is a star.
 */

import type { TracelbLine } from './scamper-shapes.ts';

/** Where one flow went at one TTL. */
export interface PathStep {
  /** 0 is the source. */
  readonly ttl: number;
  /** Every address that answered, in order of the line; none for a star. */
  readonly addresses: readonly string[];
  /** Of the first answer, milliseconds; null where none was timed. */
  readonly rttMs: number | null;
}

export interface SinglePath {
  readonly flowId: number;
  /** One for each TTL from 0 on, without gaps. */
  readonly steps: readonly PathStep[];
  readonly reachesTarget: boolean;
}

/** Further than this no path goes (a TTL has 8 bits); what says so is not believed. */
const TTL_MAX = 255;

interface Answer {
  readonly ttl: number;
  readonly address: string;
  readonly rttMs: number | null;
}

/** By flow id, ascending. */
export function singlePaths({ src, dst, nodes }: TracelbLine): SinglePath[] {
  const [firstNode] = nodes ?? [];
  if (firstNode === undefined) return [];
  const byFlow = new Map<number, Answer[]>();
  const links = (nodes ?? []).flatMap((node) => (node.links ?? []).flatMap((hop) => hop ?? []));
  for (const { addr: address, probes } of links) {
    for (const { flowid, ttl, replies } of probes ?? []) {
      if (ttl < 2 || ttl > TTL_MAX) continue;
      const answers = byFlow.get(flowid) ?? [];
      answers.push({ ttl, address, rttMs: replies?.[0]?.rtt ?? null });
      byFlow.set(flowid, answers);
    }
  }
  const start = [
    { ttl: 0, address: src, rttMs: null },
    { ttl: 1, address: firstNode.addr, rttMs: null },
  ];
  return [...byFlow]
    .sort(([a], [b]) => a - b)
    .map(([flowId, answers]) => pathOf(flowId, [...start, ...answers], dst));
}

function pathOf(flowId: number, answers: readonly Answer[], target: string): SinglePath {
  const last = answers.reduce((ttl, answer) => Math.max(ttl, answer.ttl), 0);
  const steps = Array.from({ length: last + 1 }, (_, ttl): PathStep => {
    const here = answers.filter((answer) => answer.ttl === ttl);
    const addresses = [...new Set(here.map(({ address }) => address))];
    return {
      ttl,
      addresses: addresses.filter((address) => address !== '*'),
      rttMs: here[0]?.rttMs ?? null,
    };
  });
  return { flowId, steps, reachesTarget: answers.some(({ address }) => address === target) };
}
