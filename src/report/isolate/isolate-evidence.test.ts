/** What to try where a target is silent, for hand-made records. */

import { expect, test } from 'vitest';
import { emptyRecord, TARGET } from '../../../test/support/drawn-records.ts';
import type { FlowRecord, IsolateProtocol, IsolateRecord } from '../../model/isolate-record.ts';
import { filterLines, onePathLines } from './isolate-evidence.ts';

function unreachable(protocol: IsolateProtocol, changes: Partial<IsolateRecord> = {}) {
  const counts = { sent: [3, 3, 3], received: [3, 0, 0] };
  const flow: FlowRecord = {
    target: 0,
    sourcePort: 32768,
    path: ['10.0.1.1', null, null],
    ...counts,
    changedPath: false,
    lossy: false,
  };
  return emptyRecord({
    targets: [{ name: 'db7', address: TARGET, port: 443 }],
    verdict: 'target-unreachable',
    protocol,
    flows: [flow],
    ...changes,
  });
}

test.each([
  ['tcp', /^a filter of TCP port 443 looks the same: .*--port\), or --protocol icmp$/],
  ['udp', /^a service at UDP port 443 .*--protocol tcp/],
  ['icmp', /^a filter of echo requests looks the same: try --protocol tcp/],
] as const)('a target that is silent to %s may be behind a filter', (protocol, says) => {
  expect(filterLines(unreachable(protocol))).toEqual([expect.stringMatching(says)]);
});

test('a filter is no matter where the target answers, or is only farther than was asked', () => {
  expect(filterLines(unreachable('tcp', { verdict: 'target-loss' }))).toEqual([]);
  const [flow] = unreachable('tcp').flows;
  const far = flow && { ...flow, path: ['10.0.1.1'], sent: [3], received: [3] };
  expect(filterLines(unreachable('tcp', { flows: far ? [far] : [] }))).toEqual([]);
});

test('echoes that all take one path do not speak for the paths of connections', () => {
  const [flow] = unreachable('icmp').flows;
  const hop = { ttl: 1, interfaces: [] };
  const record = emptyRecord({
    protocol: 'icmp',
    paths: { found: 1, lossy: 0, broken: 0 },
    hops: [hop, { ...hop, ttl: 2 }],
    flows: flow ? [flow, flow] : [],
  });
  expect(onePathLines(record)).toEqual([
    'all 2 flows of echoes take one path, as where no balancer looks into them: ' +
      'try --protocol tcp for the other paths',
  ]);
  for (const change of [
    { protocol: 'tcp' as const },
    { paths: { found: 2, lossy: 0, broken: 0 } },
    { hops: [hop] },
    { flows: record.flows.slice(1) },
  ]) {
    expect(onePathLines({ ...record, ...change })).toEqual([]);
  }
});
