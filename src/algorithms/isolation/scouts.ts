/** Which flows to begin with, and which to keep where not all can be probed. */

import { type ClassLayout, targetOf } from './traffic-classes.ts';

/** To each target. */
const SCOUTS = 4;

/** Flows that learn how far away each target is, before all others start. */
export function scouts(layout: ClassLayout): number[] {
  const { flows, targets = 1 } = layout;
  if (targets === 1) return spread(Math.min(SCOUTS, flows), flows);
  const byTarget = Array.from({ length: targets }, (): number[] => []);
  for (let flow = 0; flow < flows; flow++) byTarget[targetOf(flow, layout)]?.push(flow);
  return byTarget.flatMap((own) =>
    spread(Math.min(SCOUTS, own.length), own.length).map((i) => own[i] ?? 0),
  );
}

/** Some of all flows, spread evenly over them. */
export function spread(count: number, flows: number): number[] {
  return [...new Array(count).keys()].map((i) => Math.floor((i * flows) / count));
}
