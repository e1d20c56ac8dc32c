/**
 * Orders the items of each layer of a layered graph so that few of its links cross, by sweeps of
 * barycentres. Deterministic: ties stay in the order of the input.
 */

/** An item of one layer is joined with one of the next; items are integers from 0 up. */
export interface Joint {
  readonly from: number;
  readonly to: number;
  /** How much it counts that others do not cross it; above 0. */
  readonly weight: number;
}

const SWEEPS = 12;

/**
 * The layers with the same items in a better order. That of the input is kept where no sweep
 * beats it, so that full meshes stay sorted.
 *
 * @param joints each from an item of a layer to an item of the layer right behind it
 */
export function orderLayers(
  layers: readonly (readonly number[])[],
  joints: readonly Joint[],
): number[][] {
  const items = layers.reduce((sum, layer) => sum + layer.length, 0);
  const before = neighbours(items, joints, 'to');
  const behind = neighbours(items, joints, 'from');
  let order = layers.map((layer) => [...layer]);
  let best = order;
  let fewest = crossings(order, behind);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    order = swept(order, sweep % 2 === 0 ? before : behind, sweep % 2 === 0);
    const count = crossings(order, behind);
    if (count < fewest) [best, fewest] = [order, count];
  }
  return best;
}

interface Neighbour {
  readonly item: number;
  readonly weight: number;
}

function neighbours(
  items: number,
  joints: readonly Joint[],
  ownEnd: 'from' | 'to',
): readonly Neighbour[][] {
  const lists = Array.from({ length: items }, (): Neighbour[] => []);
  for (const joint of joints) {
    const other = ownEnd === 'from' ? joint.to : joint.from;
    lists[joint[ownEnd]]?.push({ item: other, weight: joint.weight });
  }
  return lists;
}

/** Every layer but the first one of the sweep, sorted by where its neighbours now are. */
function swept(
  order: readonly number[][],
  towards: readonly Neighbour[][],
  isForward: boolean,
): number[][] {
  const result = order.map((layer) => [...layer]);
  const places = new Float64Array(towards.length);
  const steps = isForward ? [...result.keys()] : [...result.keys()].reverse();
  for (const step of steps) {
    const layer = result[step] ?? [];
    const wish = new Map(
      layer.map((item, i) => [item, barycentre(towards[item], places, (i + 0.5) / layer.length)]),
    );
    layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
    for (const [i, item] of layer.entries()) places[item] = (i + 0.5) / layer.length;
  }
  return result;
}

function barycentre(
  around: readonly Neighbour[] | undefined,
  places: Float64Array,
  own: number,
): number {
  if (around === undefined || around.length === 0) return own;
  let total = 0;
  let weights = 0;
  for (const { item, weight } of around) {
    total += weight * (places[item] ?? 0);
    weights += weight;
  }
  // Sums of the same numbers in another order differ in their last bits, which must decide nothing.
  return Math.round((1e9 * total) / weights) / 1e9;
}

function crossings(layers: readonly (readonly number[])[], behind: readonly Neighbour[][]): number {
  let sum = 0;
  for (const [i, layer] of layers.entries()) {
    const next = new Map((layers[i + 1] ?? []).map((item, place) => [item, place]));
    // A Fenwick tree over the next layer: prefix sums of the weights that have ended there so far.
    const tree = new Float64Array(next.size + 1);
    let ended = 0;
    for (const item of layer) {
      const ends = behind[item] ?? [];
      for (const { item: far, weight } of ends) {
        sum += weight * (ended - prefixSum(tree, (next.get(far) ?? 0) + 1));
      }
      for (const { item: far, weight } of ends) {
        addAt(tree, (next.get(far) ?? 0) + 1, weight);
        ended += weight;
      }
    }
  }
  return sum;
}

function prefixSum(tree: Float64Array, count: number): number {
  let sum = 0;
  for (let i = count; i > 0; i -= i & -i) sum += tree[i] ?? 0;
  return sum;
}

function addAt(tree: Float64Array, place: number, weight: number): void {
  for (let i = place; i < tree.length; i += i & -i) tree[i] = (tree[i] ?? 0) + weight;
}
