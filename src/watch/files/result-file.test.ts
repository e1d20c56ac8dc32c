import { describe, expect, it } from 'vitest';
import type { TraceResult } from '../tracer.ts';
import { metaline } from './metaline.ts';
import { scamperFile } from './result-file.ts';
import { uuidOf, uuidPrefixOf } from './uuid.ts';

const RESULT: TraceResult = {
  tracer: 'native',
  kind: 'tracelb',
  text: 'cycle-start\ntracelb\ncycle-stop\n',
  startedAtMs: Date.UTC(2003, 10, 9, 15, 55, 59, 999),
  hostname: 'host',
  uuid: 'host_1_0000000000000001',
};

describe('uuidOf', () => {
  it.each([
    [0x4d64dn, 'ndt-plh7v_1566050090_000000000004D64D'],
    [0n, 'ndt-plh7v_1566050090_0000000000000000'],
    [2n ** 64n - 2n, 'ndt-plh7v_1566050090_FFFFFFFFFFFFFFFE'],
    [-2n, 'ndt-plh7v_1566050090_FFFFFFFFFFFFFFFE'], // as Go's int64 has it
  ])('of the cookie %s', (cookie, uuid) => {
    expect(uuidOf('ndt-plh7v_1566050090', cookie)).toBe(uuid);
  });

  it('has the time of the boot in its prefix', () => {
    const times = { nowMs: 1_566_050_100_900, uptimeSeconds: 10.5 };
    expect(uuidPrefixOf('ndt-plh7v', times)).toBe('ndt-plh7v_1566050090');
  });
});

describe('metaline', () => {
  it('is what traceroute-caller writes, to the byte', () => {
    const uuid = 'ndt-plh7v_1566050090_000000000004D64D';
    expect(metaline({ uuid, version: '8a95751', cachedUuid: null })).toBe(
      '{"UUID":"ndt-plh7v_1566050090_000000000004D64D","TracerouteCallerVersion":"8a95751",' +
        '"CachedResult":false,"CachedUUID":""}\n',
    );
    expect(metaline({ uuid, version: 'a<b>&c\u2028', cachedUuid: 'x' })).toBe(
      '{"UUID":"ndt-plh7v_1566050090_000000000004D64D","TracerouteCallerVersion":' +
        String.raw`"a\u003cb\u003e\u0026c\u2028","CachedResult":true,"CachedUUID":"x"}` +
        '\n',
    );
  });
});

describe('scamperFile', () => {
  it('is named for the beginning of the trace, in UTC, and the connection', () => {
    expect(scamperFile(RESULT, { uuid: RESULT.uuid, isCached: false }, '1')).toEqual({
      path: '2003/11/09/20031109T155559Z_host_1_0000000000000001.jsonl',
      content: `${metaline({ uuid: RESULT.uuid, version: '1', cachedUuid: null })}${RESULT.text}`,
      shared: RESULT.text,
    });
  });

  it('tells whose a shared result was', () => {
    const file = scamperFile(RESULT, { uuid: 'other', isCached: true }, '1');
    expect(file.path).toBe('2003/11/09/20031109T155559Z_other.jsonl');
    expect(JSON.parse(file.content.split('\n')[0] ?? '')).toMatchObject({
      UUID: 'other',
      CachedResult: true,
      CachedUUID: RESULT.uuid,
    });
  });
});
