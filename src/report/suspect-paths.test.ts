import { expect, test } from 'vitest';
import type { FlowRecord, IsolateRecord } from '../model/isolate-record.ts';
import { withLossyFlows } from './suspect-paths.ts';

const flow = (sourcePort: number, lossy: boolean): FlowRecord => ({
  target: 0,
  sourcePort,
  path: ['192.0.2.1'],
  sent: [1],
  received: [1],
  changedPath: false,
  lossy,
});
const record = (...flows: FlowRecord[]) => ({ flows, seed: 7 }) as unknown as IsolateRecord;

test('only flows that lose packets are left, and everything else stays', () => {
  const narrowed = withLossyFlows(record(flow(1, false), flow(2, true)));
  expect(narrowed).toEqual(record(flow(2, true)));
});

test('where none loses packets, all are left', () => {
  const clean = record(flow(1, false), flow(2, false));
  expect(withLossyFlows(clean)).toBe(clean);
});
