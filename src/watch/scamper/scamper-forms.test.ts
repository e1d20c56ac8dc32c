import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { ancestorFile } from '../files/ancestor-file.ts';
import { anonymised } from '../files/anonymise.ts';
import { HopAnnotations, type HopAnnotator } from '../files/hop-annotations.ts';
import { asAnnotator, socketAnnotator } from '../files/hop-annotators.ts';
import { refinedResult } from '../files/refined-result.ts';
import { findUuidPrefix } from '../files/uuid-prefix.ts';
import type { TraceResult } from '../tracer.ts';
import { WatchMetrics } from '../watch-metrics.ts';
import { datatypeSchemas } from './bigquery-schema.ts';
import { hopAddresses } from './hop-addresses.ts';
import { parseScamperFile, parseScamperLines } from './scamper-file.ts';
import { singlePaths } from './single-paths.ts';

const golden = (name: string): string =>
  readFileSync(new URL(`../../../test/goldens/scamper/${name}`, import.meta.url), 'utf8');
const below = (text: string): string => text.slice(text.indexOf('\n') + 1);

const MDA: TraceResult = {
  tracer: 'scamper',
  kind: 'tracelb',
  text: below(golden('mda-raw.jsonl')),
  startedAtMs: 1_795_215_272_000,
  hostname: 'vm',
  uuid: 'vm_1795213168_0000000000001003',
};
const REGULAR: TraceResult = { ...MDA, kind: 'trace', text: golden('regular-scamper.jsonl') };
const NOBODY = () => false;

describe('a refined result', () => {
  it('has every key, and the gap limit under both of its names', () => {
    const { text } = refinedResult(MDA, { keys: 'all', isAnonymised: false, isOwn: NOBODY });
    expect(text).toContain('"gaplimit":3, "gaplint":3,');
    expect(text.replace(' "gaplint":3,', '')).toBe(MDA.text);
    expect(parseScamperLines(text, 'tracelb').result).toMatchObject({ gaplint: 3 });
  });

  it('has the bytes of Go or of scamper where these are wanted', () => {
    const plain = { isAnonymised: false, isOwn: NOBODY };
    expect(refinedResult(MDA, { ...plain, keys: 'scamper' }).text).toBe(MDA.text);
    expect(refinedResult(MDA, { ...plain, keys: 'go' }).text).toBe(
      below(golden('mda-from-go.jsonl')),
    );
  });

  it('of paris-traceroute stays as it is, and is not taken for anonymous', () => {
    const paris: TraceResult = { ...MDA, kind: 'paris', text: 'traceroute [...\n' };
    const plain = { keys: 'all', isAnonymised: false, isOwn: NOBODY } as const;
    expect(refinedResult(paris, plain)).toBe(paris);
    expect(() => refinedResult(paris, { ...plain, isAnonymised: true })).toThrow('paris');
  });
});

describe('an anonymised result', () => {
  const named = (text: string): string =>
    text.replaceAll(/"addr":"(10\.77\.9\.2)"/g, '"addr":"$1", "name":"who-lives-here.example"');

  it.each([
    ['tracelb', { ...MDA, text: named(MDA.text) }],
    ['trace', { ...REGULAR, text: named(REGULAR.text) }],
  ])('of %s has neither the address of its client nor its name', (_, result) => {
    expect(result.text).toContain('who-lives-here');
    const options = { keys: 'all', isAnonymised: true, isOwn: NOBODY } as const;
    const { text } = refinedResult(result, options);
    expect(text).not.toContain('10.77.9.2');
    expect(text).not.toContain('who-lives-here');
    expect(text).toContain('"dst":"10.77.9.0"');
    expect(text).toContain('r-10-77-1-2.lab.example'); // another network
    const lines = parseScamperLines(text, result.kind === 'trace' ? 'trace' : 'tracelb');
    expect(hopAddresses(lines)).toContain('10.77.9.0');
  });

  it('keeps 48 bits of IPv6, and 24 of IPv4 in whatever form it is written', () => {
    expect(
      anonymised(
        { dst: '2001:db8:1:2::3', hops: [{ addr: '2001:db8:1:ff::1', name: 'x' }, { addr: '*' }] },
        NOBODY,
      ),
    ).toEqual({ dst: '2001:db8:1::', hops: [{ addr: '2001:db8:1::' }, { addr: '*' }] });
    expect(anonymised({ dst: '::ffff:192.0.2.7' }, NOBODY)).toEqual({ dst: '192.0.2.0' });
  });

  it('does not hide addresses of this host', () => {
    const line = { src: '192.0.2.1', dst: '192.0.2.7', hops: [{ addr: '192.0.2.1', name: 'us' }] };
    const isOwn = (address: string): boolean => address === '192.0.2.1';
    expect(anonymised(line, isOwn)).toEqual({ ...line, dst: '192.0.2.0' });
    expect(anonymised(line, (address) => address === '192.0.2.7')).toBe(line);
  });
});

describe('single paths', () => {
  const { result } = parseScamperFile(golden('mda-raw.jsonl'), 'tracelb');

  it('are the hops of each flow, with stars where nothing answered', () => {
    const paths = result.type === 'tracelb' && 'nodes' in result ? singlePaths(result) : [];
    expect(paths.map(({ flowId }) => flowId)).toEqual([...Array(24).keys()].map((i) => i + 1));
    const reaching = paths.filter(({ reachesTarget }) => reachesTarget);
    expect(reaching.map(({ flowId }) => flowId)).toEqual([3]);
    expect(reaching[0]?.steps.map(({ addresses }) => addresses.join(' ') || '*')).toEqual([
      '10.77.0.1',
      '10.77.0.2',
      '10.77.1.2',
      '10.77.14.2',
      '10.77.21.2',
      '*',
      '10.77.31.2',
      '10.77.9.2',
    ]);
    expect(reaching[0]?.steps[2]?.rttMs).toBeCloseTo(0.057, 3);
  });

  it('of a flow that a router sprays has all that answered at a hop', () => {
    const sprayed = parseScamperLines(golden('tracelb-perpacket.jsonl'), 'tracelb');
    const first = sprayed.kind === 'tracelb' ? singlePaths(sprayed.result)[0] : undefined;
    expect(first?.steps[3]?.addresses).toEqual(['10.77.11.2', '10.77.13.2']);
  });

  it('are none where no node has a link', () => {
    const one = parseScamperLines(golden('tracelb-onehop.jsonl'), 'tracelb');
    expect(one.kind === 'tracelb' && singlePaths(one.result)).toEqual([]);
    expect(hopAddresses(one)).toEqual([]);
  });
});

describe('files of the ancestors', () => {
  const options = {
    version: '8a95751',
    format: 'jsonl',
    sharedTime: 'trace',
    nowMs: () => Date.UTC(2026, 10, 21, 1, 2, 3),
  } as const;
  const own = { uuid: MDA.uuid, isCached: false };
  const shared = { uuid: 'other_1', isCached: true };

  it('are those that Go writes, as lines and as one object', () => {
    const { text } = refinedResult(REGULAR, { keys: 'go', isAnonymised: false, isOwn: NOBODY });
    const result = { ...REGULAR, text };
    expect(ancestorFile(result, own, options)).toEqual({
      path: '2026/11/20/20261120T225432Z_vm_1795213168_0000000000001003.jsonl',
      content: golden('regular-from-go.jsonl'),
      shared: text,
    });
    const single = ancestorFile(result, own, { ...options, format: 'json' });
    expect(single.path).toBe('2026/11/20/20261120T225432Z_vm_1795213168_0000000000001003.json');
    expect(single.content).toBe(golden('regular-from-go.json').replace(/\n+$/, '\n'));
    const copy = ancestorFile(result, shared, { ...options, format: 'json' });
    expect(JSON.parse(copy.content).Metadata).toEqual({
      UUID: 'other_1',
      TracerouteCallerVersion: '8a95751',
      CachedResult: true,
      CachedUUID: MDA.uuid,
    });
  });

  it('name the time of the trace, or before v0.11 that of the connection', () => {
    expect(ancestorFile(MDA, shared, options).path).toMatch(/^2026\/11\/20\/20261120T225432Z_/);
    const old = { ...options, sharedTime: 'request' } as const;
    expect(ancestorFile(MDA, shared, old).path).toMatch(/^2026\/11\/21\/20261121T010203Z_other_1/);
    expect(ancestorFile(MDA, own, old).path).toMatch(/^2026\/11\/20\/20261120T225432Z_/);
  });

  it('of paris-traceroute are what it printed', () => {
    const paris: TraceResult = { ...MDA, kind: 'paris', text: 'traceroute [...\n' };
    expect(ancestorFile(paris, own, options)).toEqual({
      path: '2026/11/20/20261120T22:54:32Z-UUID-vm_1795213168_0000000000001003.paris',
      content: paris.text,
      shared: paris.text,
    });
    expect(ancestorFile(paris, shared, options).path).toBe(
      '2026/11/20/20261120T22:54:32Z-UUID-other_1.cached.paris',
    );
  });
});

describe('hop annotations', () => {
  const TRACE = { startedAtMs: Date.UTC(2021, 7, 24, 15, 27, 59), hostname: '2d638011386a' };

  function annotations(annotate: HopAnnotator['annotate']) {
    const clock = new VirtualClock(TRACE.startedAtMs);
    const metrics = new WatchMetrics({ withProcess: false });
    const files = new Map<string, string>();
    const failures: unknown[] = [];
    const hops = new HopAnnotations({
      annotator: { annotate },
      spool: { put: (path, content) => files.set(path, content) },
      clock,
      metrics,
      onFailure: (error) => failures.push(error),
    });
    return { hops, files, clock, metrics, failures };
  }

  it('are a file for each hop, once a day', async () => {
    const asked: (readonly string[])[] = [];
    const known = { Network: { ASNumber: 41_231, ASName: 'A&B' } };
    const { hops, files, clock } = annotations(async (addresses) => {
      asked.push(addresses);
      return new Map([['91.189.91.39', known]]);
    });
    hops.add(['91.189.91.39', '10.0.0.1'], TRACE);
    hops.add(['91.189.91.39', '10.0.0.2'], TRACE);
    await hops.settled();
    expect(asked).toEqual([['91.189.91.39', '10.0.0.1'], ['10.0.0.2']]);
    expect([...files]).toEqual([
      [
        '2021/08/24/20210824T152759Z_2d638011386a_91.189.91.39.json',
        '{"ID":"20210824_2d638011386a_91.189.91.39","Timestamp":"2021-08-24T15:27:59Z",' +
          String.raw`"Annotations":{"Network":{"ASNumber":41231,"ASName":"A\u0026B"}}}`,
      ],
    ]);
    await clock.pass(8.5 * 3_600_000); // half an hour before midnight
    hops.add(['91.189.91.39'], TRACE);
    expect(hops.size).toBe(3);
    await clock.pass(3_600_000);
    hops.add(['91.189.91.39'], { ...TRACE, startedAtMs: clock.nowMs() });
    expect(hops.size).toBe(1);
    await hops.settled();
    expect(asked).toHaveLength(3);
  });

  it('that failed are counted, told, and asked for again', async () => {
    let isBroken = true;
    const { hops, files, failures, metrics } = annotations(async () => {
      if (isBroken) throw new Error('no annotator');
      return new Map([['10.0.0.1', {}]]);
    });
    hops.add(['10.0.0.1'], TRACE);
    await hops.settled();
    expect(failures).toEqual([new Error('no annotator')]);
    isBroken = false;
    hops.add(['10.0.0.1'], TRACE);
    await hops.settled();
    expect([...files.keys()]).toEqual(['2021/08/24/20210824T152759Z_2d638011386a_10.0.0.1.json']);
    const told = await metrics.registry.metrics();
    for (const line of [
      'hop_annotation_errors_total{type="hopannotation",error="annotate"} 1',
      'uuid_annotator_client_rpcs_total{status="get_error"} 1',
      'uuid_annotator_client_rpcs_total{status="success"} 1',
    ]) {
      expect(told).toContain(line);
    }
  });

  it('come from tables of autonomous systems in the form of the annotator', async () => {
    const origin = { asn: 64_500, name: 'Example', prefix: '192.0.2.0/24' };
    const lookup = { originsOf: async () => new Map([['192.0.2.1', origin]]) };
    expect([...(await asAnnotator(lookup).annotate(['192.0.2.1', '10.0.0.1']))]).toEqual([
      [
        '192.0.2.1',
        {
          Network: {
            CIDR: '192.0.2.0/24',
            ASNumber: 64_500,
            ASName: 'Example',
            Systems: [{ ASNs: [64_500] }],
          },
        },
      ],
      ['10.0.0.1', { Network: { Missing: true } }],
    ]);
  });

  it.each([
    ['200', 200, '{"10.0.0.1":{"Network":{"ASNumber":1}},"x":null}', undefined],
    ['400', 400, 'nothing valid', { message: /HTTP 400/, status: 'http_status_error' }],
    ['no JSON', 200, '<html>', { message: /no JSON/, status: 'unmarshal_error' }],
    ['no object', 200, '[]', { message: /no object/, status: 'unmarshal_error' }],
  ])("come from M-Lab's annotator, which says %s", async (_, status, body, failure) => {
    const folder = mkdtempSync(join(tmpdir(), 'fantrace-annotator-'));
    const path = join(folder, 'socket');
    const urls: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      urls.push(request.url);
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    const answer = socketAnnotator(path).annotate(['10.0.0.1', 'fd00::1']);
    if (failure === undefined) {
      expect([...(await answer)]).toEqual([['10.0.0.1', { Network: { ASNumber: 1 } }]]);
    } else {
      await expect(answer).rejects.toMatchObject({
        message: expect.stringMatching(failure.message),
        status: failure.status,
      });
    }
    expect(urls).toEqual(['/v1/annotate/ips?ip=10.0.0.1&ip=fd00%3A%3A1']);
  });
});

it('schemas of tables have a column for each key', () => {
  const { scamper2, hopannotation2 } = datatypeSchemas();
  expect(scamper2.map(({ name }) => name)).toEqual([
    'Metadata',
    'CycleStart',
    'Trace',
    'CycleStop',
  ]);
  const hops = scamper2[2]?.fields?.find(({ name }) => name === 'hops');
  expect(hops).toMatchObject({ type: 'RECORD', mode: 'REPEATED' });
  expect(hops?.fields?.find(({ name }) => name === 'rtt')?.type).toBe('FLOAT');
  expect(hopannotation2[2]?.fields?.map(({ name }) => name)).toEqual(['Geo', 'Network']);
});

describe('the prefix of names', () => {
  it('is that of the file, or the host and its boot', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fantrace-uuid-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'prefix');
    writeFileSync(file, 'ndt-plh7v_1566050090\n');
    expect(findUuidPrefix({ file, nowMs: 0 })).toBe('ndt-plh7v_1566050090');
    const uptimeFile = join(folder, 'uptime');
    writeFileSync(uptimeFile, '10.50 33.20\n');
    const nowMs = 1_566_050_100_900;
    expect(findUuidPrefix({ nowMs, uptimeFile, name: 'ndt-plh7v' })).toBe(
      'ndt-plh7v_1566050090_unsafe',
    );
    expect(findUuidPrefix({ nowMs, uptimeFile })).toBe(`${hostname()}_1566050090_unsafe`);
    writeFileSync(uptimeFile, 'soon');
    expect(findUuidPrefix({ nowMs, uptimeFile, name: 'h' })).toBe('h_BADBOOTTIME_unsafe');
  });
});
