import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readGoJson } from './go-json.ts';
import { goLines, goObject, parseScamperFile, parseScamperLines } from './scamper-file.ts';

const golden = (name: string): string =>
  readFileSync(new URL(`../../../test/goldens/scamper/${name}`, import.meta.url), 'utf8');

const METADATA =
  '{"UUID":"vm_1795213168_0000000000001003","TracerouteCallerVersion":"8a95751",' +
  '"CachedResult":false,"CachedUUID":""}\n';
const START =
  '{"type":"cycle-start", "list_name":"default", "id":0, "hostname":"vm", "start_time":1}\n';
const TRACELB = '{"type":"tracelb", "version":"0.1"}\n';
const TRACE = '{"type":"trace", "version":"0.1"}\n';
const STOP =
  '{"type":"cycle-stop", "list_name":"default", "id":0, "hostname":"vm", "stop_time":2}\n';
const WHOLE = METADATA + START + TRACELB + STOP;

describe('files that are taken', () => {
  it.each(['mda-raw.jsonl', 'mda-cached.jsonl', 'mda-from-go.jsonl'])('%s', (name) => {
    expect(parseScamperFile(golden(name), 'tracelb').result.dst).toBe('10.77.9.2');
  });

  it.each(['regular-from-go.jsonl', 'regular-from-go.json'])('%s', (name) => {
    expect(parseScamperFile(golden(name), 'trace').cycleStart.start_time).toBe(1_795_215_272);
  });

  it.each([
    ['lines with little in them', WHOLE],
    ['keys of another case', WHOLE.replace('"UUID"', '"uuid"').replace('"type"', '"TYPE"')],
    ['unknown keys, of any kind', WHOLE.replace('"version"', '"icmp_nhmtu:":[1], "version"')],
    ['null where there could be something', WHOLE.replace('"version":"0.1"', '"nodes":null')],
  ])('%s', (_, text) => {
    expect(parseScamperFile(text, 'tracelb').result.type).toBe('tracelb');
  });
});

describe('files that are refused', () => {
  it.each([
    ['nothing', '', 'invalid traceroute file'],
    ['no newline at the end', WHOLE.slice(0, -1), 'invalid traceroute file'],
    ['a line too many', `${WHOLE}\n`, 'invalid traceroute file'],
    ['a line too few', METADATA + START + STOP, 'invalid traceroute file'],
    ['what a killed scamper leaves', METADATA + START, 'invalid traceroute file'],
    ['metadata that is no JSON', WHOLE.replace('{"UUID"', '{UUID'), 'invalid metadata'],
    ['metadata of another kind', `[]\n${START}${TRACELB}${STOP}`, 'invalid metadata'],
    ['a UUID that is a number', WHOLE.replace(/"vm_\w+"/, '7'), 'invalid metadata'],
    ['a flag that is a string', WHOLE.replace('false', '"no"'), 'invalid metadata'],
    ['an empty UUID', WHOLE.replace(/vm_\w+/, ''), 'invalid UUID'],
    ['no UUID', WHOLE.replace('"UUID"', '"ID"'), 'invalid UUID'],
    ['half a cycle-start', WHOLE.replace('"start_time":1}', '"start_'), 'invalid cycle-start:'],
    ['a time that is a string', WHOLE.replace('":1}', '":"1"}'), 'invalid cycle-start:'],
    ['another first line', METADATA + STOP + TRACELB + STOP, 'invalid cycle-start type'],
    ['half a tracelb', WHOLE.replace('"0.1"}', '"0.'), 'invalid tracelb line'],
    ['nodes that are no list', WHOLE.replace('"0.1"', '"0.1","nodes":{}'), 'invalid tracelb line'],
    [
      'part of a TTL',
      WHOLE.replace('"0.1"', '"", "nodes":[{"q_ttl":1.5}]'),
      'invalid tracelb line',
    ],
    ['another kind of trace', METADATA + START + TRACE + STOP, 'invalid traceroute type'],
    ['half a cycle-stop', WHOLE.replace('"stop_time":2}', '"stop'), 'invalid cycle-stop:'],
    ['another last line', METADATA + START + TRACELB + START, 'invalid cycle-stop type'],
    ['one object, of a trace over all paths', golden('regular-from-go.json'), 'invalid traceroute'],
  ])('%s', (_, text, reason) => {
    expect(() => parseScamperFile(text, 'tracelb')).toThrow(reason);
  });

  it.each([
    ['half a trace', METADATA + START + TRACE.replace('"}', '') + STOP, 'invalid trace line'],
    ['a user id beyond 32 bits', TRACE.replace('"0.1"', '"","userid":2147483648'), 'invalid trace'],
    ['a trace over all paths', WHOLE, 'invalid traceroute type'],
    ['an object without a UUID', '{"Metadata":{}}\n', 'invalid UUID'],
    ['an object without a cycle', '{"Metadata":{"UUID":"x"}}', 'invalid cycle-start type'],
  ])('where one path is wanted: %s', (_, text, reason) => {
    const whole = text.startsWith('{"type":"trace"') ? METADATA + START + text + STOP : text;
    expect(() => parseScamperFile(whole, 'trace')).toThrow(reason);
  });

  it('at every length but the whole', () => {
    const text = golden('mda-raw.jsonl');
    for (let length = 0; length < text.length; length += 97) {
      expect(() => parseScamperFile(text.slice(0, length), 'tracelb')).toThrow('invalid');
    }
  });
});

describe('what is written again', () => {
  it('has the bytes that Go writes', () => {
    const mda = parseScamperFile(golden('mda-raw.jsonl'), 'tracelb');
    expect(METADATA + goLines(mda)).toBe(golden('mda-from-go.jsonl'));
    const regular = parseScamperFile(METADATA + golden('regular-scamper.jsonl'), 'trace');
    expect(METADATA + goLines(regular)).toBe(golden('regular-from-go.jsonl'));
  });

  it('has the bytes that Go writes as one object', () => {
    const file = parseScamperFile(METADATA + golden('regular-scamper.jsonl'), 'trace');
    // What was kept from Go ends in the newline of its encoder and one more.
    expect(file.kind === 'trace' && goObject(file)).toBe(
      golden('regular-from-go.json').replace(/\n+$/, '\n'),
    );
  });

  it('escapes as Go does', () => {
    const lines = START.replace('vm', '<&>\u2028\ud800') + TRACELB + STOP;
    expect(goLines(parseScamperLines(lines, 'tracelb')).split('\n')[0]).toContain(
      `${String.raw`"hostname":"\u003c\u0026\u003e\u2028`}\ufffd"`,
    );
  });
});

it('names the value that is wrong', () => {
  const shape = { struct: { a: { list: { struct: { b: 'int32' } } } } } as const;
  expect(() => readGoJson<{ a: { b: number }[] }>('{"a":[{"b":1},{"b":"x"}]}', shape)).toThrow(
    'a[1].b: no number',
  );
});
