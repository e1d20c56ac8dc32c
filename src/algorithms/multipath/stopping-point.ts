/**
 * How many flows it takes to rule out that a balancer has one more next hop than was seen, if it
 * gives each the same share (Veitch 2009), and what the same flows say of unequal shares. All
 * probabilities are of missing something; they add up positive terms only, so nothing cancels.
 */

/** A balancer of this many equal branches is as wide as stopping points are known for. */
export const BRANCHES_MAX = 1024;

/**
 * The probability that `flows` flows leave at least one of `branches` equal branches unseen: the
 * occupancy problem.
 *
 * @param branches from 1 on
 * @param flows from 0 on
 */
export function missProbability(branches: number, flows: number): number {
  const occupancy = new Occupancy(branches);
  for (let flow = 0; flow < flows; flow++) occupancy.addFlow();
  return occupancy.missing();
}

/**
 * The least number of flows that rule out `branches` equal branches where one less was seen: they
 * leave one of the branches unseen with `failureProbability` at most. That is exact, and no union
 * bound, which asks for 39 flows rather than 38 at 8 branches and 0.05. At 0.05 and for 2 branches
 * on: 6, 11, 16, 21, 27, …
 *
 * @param branches 1 to `BRANCHES_MAX`; 1 for any answer at all
 * @param failureProbability within (0, 1)
 * @returns flows in all, not further ones
 * @throws {RangeError} when either is out of range
 */
export function stoppingPoint(branches: number, failureProbability: number): number {
  if (!(Number.isInteger(branches) && branches >= 1 && branches <= BRANCHES_MAX)) {
    throw new RangeError(`branches must be from 1 to ${BRANCHES_MAX}, got ${branches}`);
  }
  requireProbability(failureProbability);
  const points = knownPoints.get(failureProbability) ?? [];
  knownPoints.set(failureProbability, points);
  const point = points[branches] ?? computedPoint(branches, failureProbability);
  points[branches] = point;
  return point;
}

/** The probability that no flow of `flows` takes a branch with a share of `share`. */
export function shareMissProbability(share: number, flows: number): number {
  return (1 - share) ** flows;
}

/**
 * The least share that a branch unseen by `flows` flows cannot have, but for
 * `failureProbability`; 1 without flows, which rule out nothing.
 */
export function excludedShare(flows: number, failureProbability: number): number {
  return flows === 0 ? 1 : 1 - failureProbability ** (1 / flows);
}

/** The failure probability of a whole graph, each of whose `balancers` has its own. */
export function graphFailure(failureProbability: number, balancers: number): number {
  return 1 - (1 - failureProbability) ** balancers;
}

/** What each of `balancers` may fail with, so that a whole graph fails with `graph` at most. */
export function failurePerBalancer(graph: number, balancers: number): number {
  requireProbability(graph);
  return 1 - (1 - graph) ** (1 / Math.max(1, balancers));
}

/** By failure probability and branches; few of either are ever asked for. */
const knownPoints = new Map<number, number[]>();

function computedPoint(branches: number, failureProbability: number): number {
  const occupancy = new Occupancy(branches);
  for (let flows = 0; ; flows++) {
    if (occupancy.missing() <= failureProbability) return flows;
    occupancy.addFlow();
  }
}

/** How many of some equal branches flows have shown, as probabilities. */
class Occupancy {
  /** By a number of branches: the probability that so many have been seen, and no more. */
  readonly #seen: Float64Array;
  readonly #branches: number;

  constructor(branches: number) {
    this.#branches = branches;
    this.#seen = new Float64Array(branches + 1);
    this.#seen[0] = 1;
  }

  /** One more flow takes a branch that was seen before, or shows another. */
  addFlow(): void {
    const seen = this.#seen;
    const branches = this.#branches;
    // From the most branches on: the count below still has its probability from before the flow.
    for (let count = branches; count > 0; count--) {
      const again = (seen[count] ?? 0) * (count / branches);
      seen[count] = again + (seen[count - 1] ?? 0) * ((branches - count + 1) / branches);
    }
    seen[0] = 0;
  }

  /** The probability that not all branches have been seen. */
  missing(): number {
    let sum = 0;
    for (let count = 0; count < this.#branches; count++) sum += this.#seen[count] ?? 0;
    return sum;
  }
}

function requireProbability(value: number): void {
  if (value > 0 && value < 1) return;
  throw new RangeError(`a failure probability must be within (0, 1), got ${value}`);
}
