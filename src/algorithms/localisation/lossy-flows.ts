/** Which flows have themselves lost a probe where a loss would show. */

import type { Span } from './coverage-classes.ts';
import type { FlowRow } from './flow-rows.ts';
import type { Term } from './hypothesis.ts';
import { flowCell, type PathClass, type PathGraph } from './path-graph.ts';

/** Those among `flows` that lost something under the candidate of a term, ascending. */
export function lossyFlows(
  graph: PathGraph,
  { candidate }: Term,
  flows: readonly number[],
): number[] {
  const wanted = new Set(flows);
  const lossy = new Set<number>();
  for (const span of candidate.spans) {
    const path = graph.classes[span.path];
    for (const flow of path?.flows ?? []) {
      const row = graph.rows[flow];
      const isLossy = path !== undefined && row !== undefined && hasLost(row, path, span);
      if (isLossy && wanted.has(flow)) lossy.add(flow);
    }
  }
  return [...lossy].sort((a, b) => a - b);
}

function hasLost(row: FlowRow, { cells }: PathClass, { from, end }: Span): boolean {
  for (let position = from; position < end; position++) {
    if (position === cells.length) return row.answeredLate > 0;
    const { sent, received } = flowCell(row, position);
    if ((cells[position] ?? -1) >= 0 && received < sent) return true;
  }
  return false;
}
