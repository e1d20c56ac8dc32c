import { describe, expect, test } from 'vitest';
import type { TraceRecord, TraceReply } from '../../model/trace-record.ts';
import { traceFormatter } from './trace-formats.ts';
import { traceSummary } from './trace-text.ts';
import { formatTraceroute } from './trace-traceroute.ts';

function reply(traits: Partial<TraceReply>): TraceReply {
  return {
    address: '10.0.0.1',
    name: null,
    as: null,
    rttMs: 1.5,
    sentAt: '2026-01-02T03:04:05.000250Z',
    sendTime: 'estimated',
    kind: 'time-exceeded',
    isTarget: false,
    icmp: { type: 11, code: 0, mark: '' },
    tcpFlags: null,
    replyTtl: 64,
    replyTos: 192,
    replyId: 4660,
    replyBytes: 62,
    returnLength: 0,
    quotedTtl: 1,
    quotedTos: 0,
    quotedBytes: 34,
    mpls: [],
    interfaceInfo: [],
    nat: false,
    matchedBy: 'token',
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
  icmpChecksum: null,
  rung: 'raw',
  tos: 0,
  packetBytes: 34,
  firstTtl: 1,
  maxTtl: 30,
  queries: 3,
  retries: 0,
  timeoutMs: 1000,
  gapLimit: 8,
  asSource: null,
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

const CONTEXT = { hostname: 'vantage', nowSeconds: () => 1_767_323_046, isNumeric: false };

function written(format: string, records: readonly TraceRecord[] = [RECORD]): string {
  const { before, each, between, after } = traceFormatter(format);
  const count = records.length;
  const body = records.map((record) => each(record, count, CONTEXT)).join(between);
  return before(count, CONTEXT) + body + after(count, CONTEXT);
}

test('text: the answer, then a line for each hop with all that answered', () => {
  expect(written('text')).toBe(`\
example.net (198.51.100.7) answers by UDP port 33434 at hop 4, in 20.000 ms.

 1  gw.example (10.0.0.1)  1.500 ms *  2.500 ms
 2  * * *(EPERM)
 3  10.0.0.3 [MPLS L=16001,E=0,S=1,T=1; NAT]  1.500 ms 10.0.0.4 [TOS 0 → 8]  1.500 ms
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
      '"Sent":"2026-01-02T03:04:05Z","Received":"0001-01-01T00:00:00Z",' +
      '"Elapsed":0,"IcmpType":0}',
  );
  expect(hops[0]).toMatchObject({
    Success: true,
    Node: { Host: 'gw.example', IP: '10.0.0.1' },
    Elapsed: 1_500_000,
    Received: '2026-01-02T03:04:05.00175Z',
    IcmpType: 11,
  });
});

test('gotraceroute as text: whole milliseconds, and the first answer of each hop', () => {
  expect(written('gotraceroute-text')).toBe(`\
traceroute to example.net (198.51.100.7), 30 hops max, 6 byte packet payload
1   gw.example (10.0.0.1)  1ms
2   *
3   10.0.0.3  1ms
4   198.51.100.7  20ms
`);
});

test('gotraceroute, indented: each object as Go indents it, in one array', () => {
  const { each } = traceFormatter('gotraceroute', true);
  const text = each(RECORD, 1, CONTEXT);
  expect(JSON.parse(text)).toEqual(JSON.parse(written('gotraceroute')));
  expect(text.split('\n').slice(0, 6)).toEqual([
    '[{',
    '    "Success": true,',
    '    "Src": {',
    '        "Host": "",',
    '        "IP": "192.0.2.1"',
    '    },',
  ]);
  expect(text).toContain('\n},\n{\n    "Success": false,');
});

test('mtr: as it prints a wide report, with further interfaces below the first', () => {
  expect(written('mtr')).toBe(`\
Start: 2026-01-02T03:04:05+0000
HOST: vantage      Loss%   Snt   Last   Avg  Best  Wrst StDev
  1.|-- gw.example   33.3%     3    2.5   2.0   1.5   2.5   0.7
  2.|-- ???         100.0%     3    0.0   0.0   0.0   0.0   0.0
  3.|-- 10.0.0.3      0.0%     2    1.5   1.5   1.5   1.5   0.0
    |  \`|-- 10.0.0.4
  4.|-- 198.51.100.7  0.0%     1   20.0  20.0  20.0  20.0   0.0
`);
});

describe('autonomous systems', () => {
  const as = { asn: 64_500, name: 'EXAMPLE-NET', prefix: '10.0.0.0/24' };
  const record: TraceRecord = {
    ...RECORD,
    asSource: 'database',
    hops: [
      { ttl: 1, replies: [reply({ as }), reply({ address: '10.0.1.1' }), reply({ as })] },
      { ttl: 2, replies: [{ star: true }] },
    ],
  };

  test('text has them with their names', () => {
    expect(written('text', [record])).toContain(
      '\n 1  10.0.0.1 [AS64500 EXAMPLE-NET]  1.500 ms 10.0.1.1  1.500 ms 10.0.0.1 [AS64500',
    );
  });

  test('traceroute has them as with -A', () => {
    expect(written('traceroute', [record])).toContain(
      '\n 1  10.0.0.1 (10.0.0.1) [AS64500]  1.500 ms 10.0.1.1 (10.0.1.1) [*]  1.500 ms ',
    );
  });

  test('mtr has them as with --aslookup', () => {
    expect(written('mtr', [record])).toBe(`\
Start: 2026-01-02T03:04:05+0000
HOST: vantage           Loss%   Snt   Last   Avg  Best  Wrst StDev
  1. AS64500  10.0.0.1   0.0%     3    1.5   1.5   1.5   1.5   0.0
    |  \`|-- AS???    10.0.1.1
  2. AS???    ???      100.0%     1    0.0   0.0   0.0   0.0   0.0
`);
  });

  test('CSV has them in columns of their own', () => {
    const [header, first] = written('csv', [record]).split('\r\n');
    expect(header).toMatch(/,asn,as_name,matched_by$/);
    expect(first).toMatch(/,64500,EXAMPLE-NET,token$/);
  });
});

test('traceroute without names is as with -n', () => {
  const text = formatTraceroute(RECORD, 1, { isNumeric: true });
  expect(text).toContain('\n 4  198.51.100.7  20.000 ms\n');
});

describe('scamper', () => {
  const SAMPLES: readonly { shows: string; record: TraceRecord; golden: string }[] = [
    {
      shows: 'a time exceeded as its own',
      record: {
        ...RECORD,
        hops: [{ ttl: 1, replies: [reply({ rttMs: 0.012 })] }],
        startedAt: '2026-11-20T22:54:32.983689Z',
      },
      golden:
        '{"type":"trace","version":"0.1", "userid":0, "method":"udp-paris", "src":"192.0.2.1", ' +
        '"dst":"198.51.100.7", "sport":33000, "dport":33434, "stop_reason":"COMPLETED", ' +
        '"stop_data":0, "start":{"sec":1795215272, "usec":983689, ' +
        '"ftime":"2026-11-20 22:54:32"}, "hop_count":1, "attempts":1, "hoplimit":30, ' +
        '"firsthop":1, "wait":1, "wait_probe":0, "tos":0, "probe_size":34, ' +
        '"probe_count":10, "hops":[{"addr":"10.0.0.1", "probe_ttl":1, ' +
        '"probe_id":1, "probe_size":34, "tx":{"sec":1767323045, "usec":250}, "rtt":0.012, ' +
        '"reply_ttl":64, "reply_tos":192, "reply_ipid":4660, "reply_size":62, "icmp_type":11, ' +
        '"icmp_code":0, "icmp_q_ttl":1, "icmp_q_ipl":34, "icmp_q_tos":0}]}\n',
    },
  ];
  test.each(SAMPLES)('$shows', ({ record, golden }) => {
    const [start, line, stop] = written('scamper', [record]).split(/(?<=\n)/);
    expect(line).toBe(golden);
    expect(start).toBe(
      '{"type":"cycle-start", "list_name":"default", "id":0, "hostname":"vantage", ' +
        '"start_time":1767323046}\n',
    );
    expect(stop).toContain('"cycle-stop", "list_name":"default", "id":0, "hostname":"vantage", ');
  });

  function traceOf(record: Partial<TraceRecord>) {
    const lines = written('scamper', [{ ...RECORD, ...record }])
      .trimEnd()
      .split('\n');
    return JSON.parse(lines[1] ?? '');
  }

  test('leaves silent hops out, and counts attempts from 1', () => {
    const { hops } = traceOf({});
    const places = hops.map((hop: { probe_ttl: number; probe_id: number }) => [
      hop.probe_ttl,
      hop.probe_id,
    ]);
    expect(places).toEqual([
      [1, 1],
      [1, 3],
      [3, 1],
      [3, 2],
      [4, 1],
    ]);
    expect(hops[2].icmpext).toEqual([
      {
        ie_cn: 1,
        ie_ct: 1,
        ie_dl: 4,
        mpls_labels: [{ mpls_ttl: 1, mpls_s: 1, mpls_exp: 0, mpls_label: 16_001 }],
      },
    ]);
    expect(hops[0].name).toBe('gw.example');
  });

  test('tells flags of TCP, the checksum of ICMP and the code of who refuses', () => {
    const reset = reply({ icmp: null, tcpFlags: 20, quotedTtl: null, isTarget: true });
    const { hops } = traceOf({ protocol: 'tcp', hops: [{ ttl: 1, replies: [reset] }] });
    expect(hops[0]).toMatchObject({ tcp_flags: 20, reply_size: 62 });
    expect(hops[0]).not.toHaveProperty('icmp_type');
    expect(traceOf({ protocol: 'icmp', icmpChecksum: 77 })).toMatchObject({ icmp_sum: 77 });
    const refusal = reply({ kind: 'unreachable', icmp: { type: 3, code: 10, mark: '!X' } });
    const hop = { ttl: 1, replies: [refusal] };
    expect(traceOf({ stopReason: 'unreachable', hops: [hop] })).toMatchObject({
      stop_reason: 'UNREACH',
      stop_data: 10,
    });
    expect(traceOf({ hops: [{ ttl: 1, replies: [{ star: true }] }] })).not.toHaveProperty('hops');
  });
});

describe('atlas', () => {
  function resultOf(record: Partial<TraceRecord>) {
    return JSON.parse(written('atlas', [{ ...RECORD, ...record }]));
  }

  test('has the keys of a probe, and stars for silence', () => {
    const { result, ...rest } = resultOf({});
    expect(rest).toEqual({
      fw: 5080,
      af: 4,
      dst_name: 'example.net',
      dst_addr: '198.51.100.7',
      src_addr: '192.0.2.1',
      from: '192.0.2.1',
      proto: 'UDP',
      size: 6,
      paris_id: 1,
      timestamp: 1_767_323_045,
      endtime: 1_767_323_045,
      msm_id: 0,
      msm_name: 'Traceroute',
      prb_id: 0,
      type: 'traceroute',
    });
    expect(result[0]).toEqual({
      hop: 1,
      result: [
        { from: '10.0.0.1', ttl: 64, size: 34, rtt: 1.5 },
        { x: '*' },
        { from: '10.0.0.1', ttl: 64, size: 34, rtt: 2.5 },
      ],
    });
    expect(result[1]).toEqual({ hop: 2, error: 'sendto failed: EPERM' });
    expect(result[2].result[0].icmpext.obj[0].mpls[0]).toEqual({
      label: 16_001,
      exp: 0,
      s: 1,
      ttl: 1,
    });
    expect(result[2].result[1]).toMatchObject({ itos: 8 });
    expect(result[3].result[0]).not.toHaveProperty('err');
  });

  const ERRORS = [
    { icmp: { type: 3, code: 0, mark: '!N' }, shows: { err: 'N' } },
    { icmp: { type: 3, code: 1, mark: '!H' }, shows: { err: 'H' } },
    { icmp: { type: 3, code: 13, mark: '!X' }, shows: { err: 'A' } },
    { icmp: { type: 3, code: 9, mark: '!X' }, shows: { err: 9 } },
    { icmp: { type: 3, code: 4, mark: '!F-1400' }, shows: { mtu: 1400 } },
  ];
  test.each(ERRORS)('$icmp.mark with code $icmp.code', ({ icmp, shows }) => {
    const hops = [{ ttl: 1, replies: [reply({ icmp, kind: 'unreachable', quotedTtl: 3 })] }];
    expect(resultOf({ hops }).result[0].result[0]).toMatchObject({ ...shows, ittl: 3 });
  });

  test('a port that ICMP probes cannot have is an error, and TCP has flags', () => {
    const refused = reply({ icmp: PORT_UNREACHABLE, kind: 'unreachable' });
    const reset = reply({ icmp: null, tcpFlags: 20, replyBytes: 40, quotedTtl: null });
    const hops = [{ ttl: 1, replies: [refused, reset] }];
    const [first, second] = resultOf({ protocol: 'icmp', hops }).result[0].result;
    expect(first).toMatchObject({ err: 'p' });
    expect(second).toMatchObject({ flags: 'RA', size: 0 });
  });
});

describe('csv', () => {
  test('has a row for each probe, all of one width', () => {
    const rows = written('csv').trimEnd().split('\r\n');
    expect(rows).toHaveLength(1 + 3 + 3 + 2 + 1);
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([22]));
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
