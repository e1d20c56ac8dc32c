/** The kinds of worlds: what is wrong in each. */

export interface FaultKind {
  readonly at: 'link' | 'node' | 'return-link';
  readonly lossRatio: number;
  /** One of so many hash buckets is hit; all flows where it is left out. */
  readonly buckets?: number;
}

export interface WorldKind {
  readonly name: string;
  readonly faults: readonly FaultKind[];
  /** Small fabrics whose every router limits its ICMP errors as Linux does; 64 flows. */
  readonly isStock?: true;
}

const link = (lossRatio: number, buckets?: number): FaultKind => ({
  at: 'link',
  lossRatio,
  ...(buckets === undefined ? {} : { buckets }),
});
const node = (lossRatio: number): FaultKind => ({ at: 'node', lossRatio });
const back = (lossRatio: number): FaultKind => ({ at: 'return-link', lossRatio });

/** Position decides the seed of a world: append only. */
export const WORLD_KINDS: readonly WorldKind[] = [
  { name: 'link-0.5', faults: [link(0.005)] },
  { name: 'link-1', faults: [link(0.01)] },
  { name: 'link-2', faults: [link(0.02)] },
  { name: 'link-5', faults: [link(0.05)] },
  { name: 'link-10', faults: [link(0.1)] },
  { name: 'link-20', faults: [link(0.2)] },
  { name: 'node-1', faults: [node(0.01)] },
  { name: 'node-5', faults: [node(0.05)] },
  { name: 'node-20', faults: [node(0.2)] },
  { name: 'black-hole', faults: [link(1)] },
  { name: 'bucket-8-100', faults: [link(1, 8)] },
  { name: 'bucket-8-20', faults: [link(0.2, 8)] },
  { name: 'bucket-4-5', faults: [link(0.05, 4)] },
  { name: 'return-2', faults: [back(0.02)] },
  { name: 'return-20', faults: [back(0.2)] },
  { name: 'none', faults: [] },
  { name: 'two-20-20', faults: [link(0.2), link(0.2)] },
  { name: 'two-5-5', faults: [link(0.05), link(0.05)] },
  { name: 'two-20-2', faults: [link(0.2), link(0.02)] },
];

/** Behind routers that answer one probe a second each: what a run may say too early, and wrongly. */
export const STOCK_KINDS: readonly WorldKind[] = [
  { name: 'stock-link-20', faults: [link(0.2)], isStock: true },
  { name: 'stock-link-5', faults: [link(0.05)], isStock: true },
  { name: 'stock-node-20', faults: [node(0.2)], isStock: true },
  { name: 'stock-hole', faults: [link(1)], isStock: true },
  { name: 'stock-none', faults: [], isStock: true },
];
