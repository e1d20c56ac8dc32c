/**
 * Routes that change faster than flows are asked. Who answers at the hop behind then comes as drawn
 * by lot, as it does where a balancer sprays packets. What tells the two apart are the other flows
 * of the same router: a spraying one spares hardly any of them, while one whose routes come and go
 * leaves those alone whose next hop is the same with either.
 */

import { STAR } from '../../model/path-counts.ts';
import type { ObservedFlow } from './counted-path.ts';

/** Who answered one flow at one hop, reply by reply. */
export interface AnswerSequence {
  readonly hop: number;
  readonly answers: readonly number[];
}

/** What answered a flow at a hop, and before that. */
export interface FlowAtHop extends AnswerSequence {
  /** Index of the flow. */
  readonly flow: number;
  /** Address index of who answers right before it; else one of the marks below. */
  readonly before: number;
}

const SOURCE = -2;
/** Several do, or nobody. */
const UNKNOWN = -3;
/** Flows that are steady beyond what chance explains: this many standard deviations, and flows. */
const DEVIATIONS = 3;
const STEADY_MIN = 3;
/** A flow that seemed steady to fewer answers may be none: half of its packets go either way. */
const ANSWERS_MIN = 6;

/** Which flows have no one path to measure, and which may have none. */
export interface Flapping {
  /** By flow: the hop at which its route changes too fast. */
  readonly restless: ReadonlyMap<number, number>;
  /** Flows of the same routers that few answers have shown to be steady. */
  readonly unknown: ReadonlySet<number>;
}

/** What answered each flow at each hop, steady or not. */
export function flowsAtHops(flows: readonly ObservedFlow[]): FlowAtHop[] {
  return flows.flatMap(({ observations, unsteadyHops, responders }, flow) => {
    const answersAt = new Map<number, number[]>();
    for (const { hop, answer } of observations) {
      if (answer <= STAR) continue;
      const answers = answersAt.get(hop);
      if (answers === undefined) answersAt.set(hop, [answer]);
      else answers.push(answer);
    }
    const beforeAt = (hop: number): number => {
      if (hop === 0) return SOURCE;
      const known = responders[hop - 1] ?? STAR;
      return known === STAR || unsteadyHops.has(hop - 1) ? UNKNOWN : known;
    };
    return [...answersAt].map(([hop, answers]) => ({ flow, hop, answers, before: beforeAt(hop) }));
  });
}

/**
 * Among flows that change at a hop as if by lot: whether others of the same routers stay where they
 * are, more of them than chance would leave.
 *
 * @param changing those that share addresses there
 * @param here all flows at that hop
 * @returns those that stay, and those too little asked to say; undefined where a balancer sprays
 */
export function steadyBeside(
  changing: readonly FlowAtHop[],
  here: readonly FlowAtHop[],
): { readonly unknown: readonly number[] } | undefined {
  const routers = new Set(changing.map(({ before }) => before));
  routers.delete(UNKNOWN);
  const shares = sharesOf(changing.flatMap(({ answers }) => answers));
  const beside = here.filter(
    ({ answers, before }) =>
      routers.has(before) && new Set(answers).size === 1 && shares.has(answers[0] ?? STAR),
  );
  const spared = here
    .filter(
      ({ before, answers }) => routers.has(before) && answers.some((each) => shares.has(each)),
    )
    .reduce((sum, { answers }) => sum + chanceOfOne(shares, answers.length), 0);
  const most = spared + DEVIATIONS * Math.sqrt(spared) + STEADY_MIN;
  if (beside.length < most) return undefined;
  return {
    unknown: beside.filter(({ answers }) => answers.length < ANSWERS_MIN).map(({ flow }) => flow),
  };
}

/** By address: how often it is the one that answers. */
function sharesOf(answers: readonly number[]): ReadonlyMap<number, number> {
  const shares = new Map<number, number>();
  for (const answer of answers) {
    shares.set(answer, (shares.get(answer) ?? 0) + 1 / answers.length);
  }
  return shares;
}

/** That so many answers drawn by lot all come from one. */
function chanceOfOne(shares: ReadonlyMap<number, number>, answers: number): number {
  return [...shares.values()].reduce((sum, share) => sum + share ** answers, 0);
}
