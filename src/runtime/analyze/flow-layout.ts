/** Traces as the flows of a run: those of one flow together, class after class, by target. */

import type { TrafficClass } from '../../model/isolate-record.ts';
import type { ProbedFlow } from '../isolate/probed-flows.ts';
import type { ChosenTraces } from './choose-traces.ts';
import type { RoundProbe } from './recorded-rounds.ts';
import { hostKey } from './seen-host.ts';
import type { SeenTrace } from './seen-traces.ts';

/** Flows in a grid of classes and targets, as an isolation numbers them. */
export interface FlowLayout {
  /** By flow: the traces of it; undefined for places of the grid that no trace fills. */
  readonly slots: readonly (readonly SeenTrace[] | undefined)[];
  readonly flows: readonly ProbedFlow[];
  readonly classes: readonly TrafficClass[];
}

/** Each class has as many places for each target, which not all need. */
export function layoutOf({ traces, targets }: ChosenTraces): FlowLayout {
  const classes = distinctClasses(traces);
  const cells = new Map<string, Map<string, SeenTrace[]>>();
  for (const trace of traces) {
    const key = cellKey(trace, hostKey(trace.target));
    const flows = cells.get(key) ?? new Map<string, SeenTrace[]>();
    cells.set(key, flows);
    const known = flows.get(trace.flow);
    if (known === undefined) flows.set(trace.flow, [trace]);
    else known.push(trace);
  }
  const width = [...cells.values()].reduce((most, { size }) => Math.max(most, size), 1);
  const slots: (readonly SeenTrace[] | undefined)[] = [];
  const flows: ProbedFlow[] = [];
  for (const [classIndex, each] of classes.entries()) {
    for (const [targetIndex, target] of targets.entries()) {
      const own = [...(cells.get(cellKey(each, hostKey(target)))?.values() ?? [])];
      for (let i = 0; i < width; i++) {
        slots.push(own[i]);
        flows.push({ sourcePort: own[i]?.[0]?.sourcePort ?? 0, targetIndex, classIndex });
      }
    }
  }
  return { slots, flows, classes };
}

/** All probes with the numbers of their flows, in the order of sending. */
export function numberedProbes({ slots }: FlowLayout): RoundProbe[] {
  const probes = slots.flatMap((traces, flow) =>
    (traces ?? []).flatMap((trace) => trace.probes.map((probe) => ({ flow, probe }))),
  );
  return probes.sort((a, b) => a.probe.sentAtUs - b.probe.sentAtUs);
}

function distinctClasses(traces: readonly SeenTrace[]): TrafficClass[] {
  const classes = new Map<string, TrafficClass>();
  for (const { tos, packetBytes } of traces) {
    classes.set(`${tos} ${packetBytes}`, { tos, packetBytes });
  }
  return [...classes.values()];
}

function cellKey({ tos, packetBytes }: TrafficClass, target: string): string {
  return `${tos} ${packetBytes} ${target}`;
}
