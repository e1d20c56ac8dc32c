import { describe, expect, test } from 'vitest';
import type { TraceRecord, TraceReply } from '../model/trace-record.ts';
import { traceFormatter } from './trace-formats.ts';
import { traceSummary } from './trace-text.ts';

function reply(traits: Partial<TraceReply>): TraceReply {
  return {
    address: '10.0.0.1',
    name: null,
    rttMs: 1.5,
    sentAt: '2026-01-02T03:04:05.000250Z',
    kind: 'time-exceeded',
    isTarget: false,
    icmp: { type: 11, code: 0, mark: '' },
    replyTtl: 64,
    returnLength: 0,
    quotedTtl: 1,
    quotedTos: 0,
    mpls: [],
    interfaceInfo: [],
    nat: false,
    secondary: false,
    ...traits,
  };
}

const LABEL = { label: 16_001, trafficClass: 0, isBottomOfStack: true, ttl: 1 };
const PORT_UNREACHABLE = { type: 3, code: 3, mark: '' };

const RECORD: TraceRecord = {
  schema: 'fantrace.trace/1',
  version: '0.0.0',
  startedAt: '2026-01-02T03:04:05.000000Z',
  durationMs: 21,
  partial: false,
  target: { name: 'example.net', address: '198.51.100.7', port: 33_434 },
  source: { address: '192.0.2.1', port: 33_000 },
  family: 4,
  protocol: 'udp',
  rung: 'raw',
  tos: 0,
  packetBytes: 34,
  firstTtl: 1,
  maxTtl: 30,
  queries: 3,
  reached: true,
  stopReason: 'reached',
  hops: [
    { ttl: 1, replies: [reply({ name: 'gw.example' }), { star: true }, reply({ rttMs: 2.5 })] },
    { ttl: 2, replies: [{ star: true }, { star: true }, { star: true, unsent: 'EPERM' }] },
    {
      ttl: 3,
      replies: [
        reply({ address: '10.0.0.3', mpls: [LABEL], nat: true }),
        reply({ address: '10.0.0.4', quotedTos: 8 }),
      ],
    },
    {
      ttl: 4,
      replies: [
        reply({
          address: '198.51.100.7',
          rttMs: 20.0004,
          kind: 'unreachable',
          isTarget: true,
          icmp: PORT_UNREACHABLE,
        }),
      ],
    },
  ],
  measurement: {
    probesSent: 10,
    repliesReceived: 5,
    lateReplies: 0,
    duplicates: 0,
    foreignReplies: 0,
    malformed: 0,
    socketDrops: 0,
    sendErrors: {},
    notes: [],
  },
};

function written(format: string, records: readonly TraceRecord[] = [RECORD]): string {
  const { before, each, between, after } = traceFormatter(format);
  const body = records.map((record) => each(record, records.length)).join(between);
  return before(records.length) + body + after(records.length);
}

test('text: the answer, then a line for each hop with all that answered', () => {
  expect(written('text')).toBe(`\
example.net (198.51.100.7) answers by UDP port 33434 at hop 4, in 20.000 ms.

 1  gw.example (10.0.0.1)  1.500 ms *  2.500 ms
 2  * * *(EPERM)
 3  10.0.0.3 [MPLS L=16001,E=0,S=1,T=1; NAT]  1.500 ms 10.0.0.4 [TOS 8]  1.500 ms
 4  198.51.100.7  20.000 ms
`);
});

test('traceroute: as that program prints it', () => {
  expect(written('traceroute')).toBe(`\
traceroute to example.net (198.51.100.7), 30 hops max, 34 byte packets
 1  gw.example (10.0.0.1)  1.500 ms *  2.500 ms
 2  * * *
 3  10.0.0.3 (10.0.0.3)  1.500 ms 10.0.0.4 (10.0.0.4)  1.500 ms
 4  198.51.100.7 (198.51.100.7)  20.000 ms
`);
});

test('gotraceroute: its keys in their order, and its values for silent hops', () => {
  const hops = JSON.parse(written('gotraceroute')) as object[];
  expect(JSON.stringify(hops[1])).toBe(
    '{"Success":false,"Src":{"Host":"","IP":"0.0.0.0"},"Dst":{"Host":"","IP":"198.51.100.7"},' +
      '"Node":{"Host":"","IP":""},"Step":2,"ID":0,"DstPort":33434,' +
      '"Sent":"2026-01-02T03:04:05.000000Z","Received":"0001-01-01T00:00:00Z",' +
      '"Elapsed":0,"IcmpType":0}',
  );
  expect(hops[0]).toMatchObject({
    Success: true,
    Node: { Host: 'gw.example', IP: '10.0.0.1' },
    Elapsed: 1_500_000,
    Received: '2026-01-02T03:04:05.001750Z',
    IcmpType: 11,
  });
});

test('mtr: loss and round trips of each hop', () => {
  const [, header, first, second] = written('mtr').split('\n');
  expect(header).toMatch(/^HOST: 192\.0\.2\.1 +Loss% {3}Snt {3}Last {3}Avg {2}Best {2}Wrst StDev$/);
  expect(first).toMatch(
    /^ {2}1\.\|-- gw\.example \(10\.0\.0\.1\) +33\.3% +3 +2\.5 +2\.0 +1\.5 +2\.5 +0\.7$/,
  );
  expect(second).toMatch(/^ {2}2\.\|-- \?\?\? +100\.0% +3 +0\.0 +0\.0 +0\.0 +0\.0 +0\.0$/);
});

describe('csv', () => {
  test('has a row for each probe, all of one width', () => {
    const rows = written('csv').trimEnd().split('\r\n');
    expect(rows).toHaveLength(1 + 3 + 3 + 2 + 1);
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([19]));
  });

  test('quotes what would break a row', () => {
    const target = { ...RECORD.target, name: 'a,"b' };
    expect(written('csv', [{ ...RECORD, target }])).toContain('\r\n"a,""b",198.51.100.7,');
  });
});

test('json is one document, of several targets an array', () => {
  expect(JSON.parse(written('json'))).toEqual(RECORD);
  expect(JSON.parse(written('json', [RECORD, RECORD]))).toEqual([RECORD, RECORD]);
});

test('jsonl is a line for each target', () => {
  const lines = written('jsonl', [RECORD, RECORD]).trimEnd().split('\n');
  const expected = { type: 'trace', ...RECORD };
  expect(lines.map((line) => JSON.parse(line))).toEqual([expected, expected]);
});

test('there is no format of another name', () => {
  expect(() => traceFormatter('warts')).toThrow(RangeError);
});

describe('the sentence on top', () => {
  const refused = reply({ kind: 'unreachable', icmp: { type: 3, code: 1, mark: '!H' } });
  const ROWS: readonly { record: Partial<TraceRecord>; says: string }[] = [
    {
      record: { stopReason: 'unreachable', hops: [{ ttl: 1, replies: [refused] }] },
      says: 'is not reached by UDP port 33434: 10.0.0.1 at hop 1 refuses (!H).',
    },
    {
      record: { stopReason: 'gap-limit', hops: RECORD.hops.slice(0, 2) },
      says: 'the last answer is from hop 1, 10.0.0.1; every hop behind it is silent.',
    },
    {
      record: { stopReason: 'max-ttl', hops: [{ ttl: 1, replies: [{ star: true }] }] },
      says: 'is not reached by UDP port 33434 within 30 hops: no hop answered.',
    },
    { record: { stopReason: 'loop' }, says: 'packets go round in a loop from hop 4 on.' },
    { record: { stopReason: 'aborted', partial: true }, says: 'by UDP port 33434: interrupted;' },
    { record: { stopReason: 'timeout', partial: true }, says: 'by UDP port 33434: out of time;' },
  ];

  test.each(ROWS)('$record.stopReason', ({ record, says }) => {
    expect(traceSummary({ ...RECORD, reached: false, ...record })).toContain(says);
  });
});
