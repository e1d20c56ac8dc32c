/** Narrows a record to the flows that lose packets, for reports about those alone. */

import type { IsolateRecord } from '../model/isolate-record.ts';

/** The record with only the flows that lose packets; the same record where none does. */
export function withLossyFlows(record: IsolateRecord): IsolateRecord {
  const flows = record.flows.filter(({ lossy }) => lossy);
  return flows.length === 0 ? record : { ...record, flows };
}
