/** Narrows a record to some of its flows, for reports about those alone. */

import type { IsolateRecord } from '../model/isolate-record.ts';

/**
 * The record without flows that were left out, as the probes of the run would not have sufficed:
 * they are no evidence. The same record where none was probed at all.
 */
export function withProbedFlows(record: IsolateRecord): IsolateRecord {
  const flows = record.flows.filter(({ sent }) => sent.some((probes) => probes > 0));
  const isAll = flows.length === 0 || flows.length === record.flows.length;
  return isAll ? record : { ...record, flows };
}

/** The record with only the flows that lose packets; the same record where none does. */
export function withLossyFlows(record: IsolateRecord): IsolateRecord {
  const flows = record.flows.filter(({ lossy }) => lossy);
  return flows.length === 0 ? record : { ...record, flows };
}
