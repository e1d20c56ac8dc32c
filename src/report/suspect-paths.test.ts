import { expect, test } from 'vitest';
import { lossyLinkRecord } from '../../test/support/drawn-records.ts';
import type { FlowRecord, IsolateRecord } from '../model/isolate-record.ts';
import { formatIsolateText } from './isolate/isolate-text.ts';
import { withLossyFlows, withProbedFlows } from './suspect-paths.ts';

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

test('flows that were never probed are no evidence, neither for nor against', () => {
  const whole = lossyLinkRecord();
  const left = { ...flow(40_000, false), path: [], sent: [], received: [] };
  const more = { ...whole, flows: [...whole.flows, left] };
  expect(withProbedFlows(more)).toEqual(whole);
  expect(formatIsolateText(more, { width: 80 })).toBe(formatIsolateText(whole, { width: 80 }));
  const none = record(left);
  expect(withProbedFlows(none)).toBe(none);
});
