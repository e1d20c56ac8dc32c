/**
 * What a run would count in a world: every probe of permuted rounds on its way out and back, but no
 * bytes and no time other than that of token buckets and repeated SYN-ACKs. The counts are as the
 * flow table of an isolation would hold them after as many rounds.
 */

import type { Random } from '../../src/lib/random.ts';
import { type FlowCounts, type PathCounts, STAR } from '../../src/model/path-counts.ts';
import type { World } from './world.ts';
import { PLAN_SECONDS, ROUNDS } from './world-drawing.ts';
import { WorldRun } from './world-run.ts';

export interface SampleOptions {
  readonly random: Random;
  /** Mean length of a burst of losses, in packets; undefined: each on its own. */
  readonly meanBurst?: number | undefined;
  readonly rounds?: number;
}

/** Counts of `rounds` rounds in which every flow is probed once at every TTL up to the target. */
export function sampleCounts(world: World, options: SampleOptions): PathCounts {
  const { random, meanBurst, rounds = ROUNDS } = options;
  const late = new Array<number>(world.flows.length).fill(0);
  const onLate = ({ flow }: { flow: number }): void => {
    late[flow] = (late[flow] ?? 0) + 1;
  };
  const run = new WorldRun(world, { random: random.fork(), meanBurst, onLate });
  const orders = random.fork();
  const ttls = world.flows[0]?.nodes.length ?? 0;
  const cells = Array.from({ length: world.flows.length * ttls }, (_, cell) => cell);
  const received = new Uint16Array(cells.length);
  const lostIn: number[][] = cells.map(() => []);
  const gapUs = (PLAN_SECONDS * 1e6) / (ROUNDS * cells.length);
  let sent = 0;
  for (let round = 0; round < rounds; round++) {
    for (const cell of orders.shuffle(cells)) {
      const flow = Math.floor(cell / ttls);
      if (run.isAnswered({ flow, ttl: (cell % ttls) + 1 }, sent * gapUs)) {
        received[cell] = (received[cell] ?? 0) + 1;
      } else {
        lostIn[cell]?.push(round);
      }
      sent++;
    }
  }
  run.repeatUntil(Number.POSITIVE_INFINITY);
  return {
    minTtl: 1,
    rounds,
    target: world.addresses.length - 1,
    flows: world.flows.map(({ addresses }, flow): FlowCounts => {
      const counts = [...received.subarray(flow * ttls, (flow + 1) * ttls)];
      return {
        responders: addresses.map((address, hop) => ((counts[hop] ?? 0) > 0 ? address : STAR)),
        sent: new Array<number>(ttls).fill(rounds),
        received: counts,
        isReached: (counts.at(-1) ?? 0) > 0,
        answeredLate: late[flow] ?? 0,
        lostIn: lostIn.slice(flow * ttls, (flow + 1) * ttls),
      };
    }),
  };
}
