import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mtrReport, scamperTraces } from '../../../test/support/foreign-traces.ts';
import { type SeenFile, TraceFileError } from './seen-traces.ts';
import { isRecording, tracesIn } from './trace-formats.ts';

const input = (bytes: Buffer | string, isCut = false) => ({
  name: 'a file',
  bytes: Buffer.from(bytes),
  isCut,
});
const [TRACE] = scamperTraces({ flows: 1, times: 1, seed: 1 }, { ttl: 3, branch: 0, lossRatio: 1 });
const atlas = (change: object): object => ({
  ...{ fw: 5080, msm_id: 1, prb_id: 7, type: 'traceroute', af: 4, proto: 'ICMP', paris_id: 3 },
  ...{ dst_addr: '198.51.100.9', dst_name: 'www.example', src_addr: '10.0.0.2', from: '192.0.2.1' },
  timestamp: 1_700_000_000,
  result: [
    { hop: 1, result: [{ from: '10.0.0.1', rtt: 1.5, ttl: 64, size: 28 }, { x: '*' }] },
    { hop: 2, result: [{ late: 1, from: '10.0.0.1', rtt: 900, ttl: 64 }, { x: '*' }] },
    { hop: 3, error: 'sendto failed: Network is unreachable' },
    { hop: 255, result: [{ from: '198.51.100.9', rtt: 3, ttl: 60 }] },
  ],
  ...change,
});
const ofAtlas = (change: object): SeenFile => tracesIn(input(JSON.stringify(atlas(change)))).file;
const scamper = (change: object): SeenFile =>
  tracesIn(input(JSON.stringify({ ...TRACE, ...change }))).file;

describe('the format is told by content', () => {
  const golden = (name: string): Buffer =>
    readFileSync(new URL(`../../../test/goldens/scamper/${name}`, import.meta.url));
  test.each([
    { what: 'a line of scamper', bytes: JSON.stringify(TRACE), format: 'scamper' },
    { what: 'a list of these', bytes: JSON.stringify([TRACE, TRACE]), format: 'scamper' },
    { what: 'all of them', bytes: golden('regular-scamper.jsonl'), format: 'scamper' },
    { what: 'traceroute-caller', bytes: golden('regular-from-go.jsonl'), format: 'scamper' },
    { what: 'one object of it', bytes: golden('regular-from-go.json'), format: 'scamper' },
    { what: 'null for lists', bytes: golden('mda-from-go.jsonl'), format: 'scamper' },
    { what: 'Atlas', bytes: JSON.stringify([atlas({})]), format: 'atlas' },
    {
      what: 'mtr, indented',
      bytes: JSON.stringify(mtrReport([['10.0.0.1', 0]]), null, 4),
      format: 'mtr',
    },
  ])('$what: $format', ({ bytes, format }) => {
    const seen = tracesIn(input(bytes));
    expect(seen.format).toBe(format);
    expect(seen.file.traces.length).toBeGreaterThan(0);
  });

  test('a recording is one by its schema, whole or not', () => {
    expect(isRecording(input('{"type":"start","schema":"fantrace.recording/1","x"'))).toBe(true);
    expect(isRecording(input('{"type":"start","schema":"fantrace.isolate/1"}'))).toBe(false);
  });
});

describe('probes of a trace of scamper', () => {
  const ttls = ({ traces: [trace] }: SeenFile): (readonly [number, boolean])[] =>
    (trace?.probes ?? []).map(({ ttl, answer }) => [ttl, answer !== undefined] as const);

  test('were lost before the attempt that was answered, and behind the last hop', () => {
    const hops = [
      { addr: '10.0.0.1', probe_ttl: 1, probe_id: 2, rtt: 1, icmp_type: 11 },
      { addr: '10.0.0.3', probe_ttl: 3, probe_id: 1, rtt: 1, icmp_type: 11 },
    ];
    expect(ttls(scamper({ hops, hop_count: 4, attempts: 2 }))).toEqual([
      [1, false],
      [1, true],
      [2, false],
      [2, false],
      [3, true],
      [4, false],
      [4, false],
    ]);
  });

  test('are counted by their sum where each TTL is asked on after an answer', () => {
    const hop = { addr: '10.0.0.1', probe_ttl: 1, rtt: 1, icmp_type: 11 };
    const hops = [1, 2].map((probe_id) => ({ ...hop, probe_id }));
    const seen = scamper({ hops, hop_count: 2, attempts: 2, probe_count: 8 });
    expect(ttls(seen).filter(([ttl]) => ttl === 1)).toEqual([
      [1, true],
      [1, true],
      [1, false],
      [1, false],
    ]);
  });
});

describe('probes of a result of Atlas', () => {
  test('are those that were sent, once each; the last resort has no TTL', () => {
    const { traces } = ofAtlas({});
    expect(traces).toMatchObject([
      {
        source: { address: '10.0.0.2', name: 'probe 7' },
        target: { address: '198.51.100.9', name: 'www.example', port: null },
        protocol: 'icmp',
        flow: '3',
        isMixed: false,
      },
    ]);
    const probes = traces[0]?.probes ?? [];
    expect(probes.map(({ ttl, answer }) => [ttl, answer?.from.address])).toEqual([
      [1, '10.0.0.1'],
      [1, undefined],
      [2, undefined],
    ]);
  });

  const replies = [
    { what: 'a hop', proto: 'UDP', reply: { from: '10.0.0.9', rtt: 1 }, kind: 'time-exceeded' },
    { what: 'an echo', proto: 'ICMP', reply: { from: '198.51.100.9', rtt: 1 }, kind: 'echo-reply' },
    {
      what: 'a closed port',
      proto: 'UDP',
      reply: { from: '198.51.100.9', rtt: 1 },
      kind: 'unreachable',
    },
    {
      what: 'SYN-ACK',
      proto: 'TCP',
      reply: { from: '198.51.100.9', rtt: 1, flags: 'SA' },
      kind: 'accepted',
    },
    {
      what: 'a reset',
      proto: 'TCP',
      reply: { from: '198.51.100.9', rtt: 1, flags: 'RA' },
      kind: 'refused',
    },
    {
      what: 'a refusal',
      proto: 'ICMP',
      reply: { from: '10.0.0.9', rtt: 1, err: 'A' },
      kind: 'unreachable',
    },
  ];
  test.each(replies)('$what answers by $proto: $kind', ({ proto, reply, kind }) => {
    const { traces } = ofAtlas({ proto, result: [{ hop: 4, result: [reply] }] });
    expect(traces[0]?.probes[0]?.answer?.kind).toBe(kind);
  });

  test('without a Paris id are each of another flow', () => {
    expect(ofAtlas({ paris_id: 0 }).traces[0]?.isMixed).toBe(true);
  });

  test('of a name without address are none', () => {
    expect(ofAtlas({ dst_addr: undefined, result: [{ error: 'name' }] }).traces).toEqual([]);
  });
});

describe('a file that is damaged says where', () => {
  const line = JSON.stringify(TRACE);
  test.each([
    { bytes: '', says: 'a file: it has no known format: it is empty' },
    { bytes: '\u0012\u0005\u0000\u0001', says: 'a record is cut short (offset 0)' },
    { bytes: 'hello', says: 'it begins like none' },
    { bytes: '{"a":1}', says: 'no document in it is of one' },
    { bytes: '{"type":"trace"}', says: 'a file: it is damaged: method is missing' },
    { bytes: `${line}\n{"type":`, says: /line 2: .*cut short/ },
    { bytes: `${line}\n{]\n${line}`, says: /a file: it is no JSON: line 2: / },
    { bytes: line.replace('"rtt":1', '"rtt":"x"'), says: /hops\[0\]\.rtt must be a number/ },
    { bytes: line.replace('10.0.1.1', '\\u001b[2J'), says: 'damaged: \\u{1b}[2J is no address' },
    {
      bytes: JSON.stringify(mtrReport([['10.0.0.1', 101]])),
      says: /hubs\[0\]\["Loss%"\] must be .*100/,
    },
    { bytes: `${'{"type":"trace","a":['.padEnd(200_000, '[')}`, says: /a file: / },
  ])('$bytes', ({ bytes, says }) => {
    const read = (): unknown => tracesIn(input(bytes));
    expect(read).toThrow(TraceFileError);
    expect(read).toThrow(says);
  });

  test('also where its compression was cut', () => {
    expect(() => tracesIn(input(line, true))).toThrow('its compressed data end too early');
  });
});

test('no change of a byte or a value makes the readers fail otherwise than with a reason', () => {
  const texts = [
    JSON.stringify(scamperTraces({ flows: 2, times: 1, seed: 3 })),
    JSON.stringify(mtrReport([['10.0.0.1', 3]])),
    JSON.stringify(atlas({})),
  ];
  const values = fc.constantFrom('null', '-1', '1e300', '""', '[]', '{}', 'true', '0.5', '99999');
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat(), values, (text, at, value) => {
      const numbers = [...text.matchAll(/(?<=:)("[^"]*"|-?[\d.]+|\[|\{)/g)];
      const chosen = numbers[at % numbers.length];
      const start = chosen?.index ?? 0;
      const changed = text.slice(0, start) + value + text.slice(start + (chosen?.[0].length ?? 0));
      try {
        tracesIn(input(changed));
      } catch (error) {
        expect(error).toBeInstanceOf(TraceFileError);
      }
    }),
  );
});
