import { describe, expect, it } from 'vitest';
import { connectionTo } from '../../test/support/connections.ts';
import { findPaths, type PathsOptions } from '../runtime/paths/paths.ts';
import { type TraceOptions, trace } from '../runtime/trace/trace.ts';
import { type NativeEngine, NativeTracer, type NativeTracerOptions } from './native-tracer.ts';
import type { TraceRequest } from './tracer.ts';

/** Our engine on a simulated network, and what it was asked for. */
function simulatedEngine(scenario: string) {
  const asked: (PathsOptions | TraceOptions)[] = [];
  const simulated = { simulate: scenario, seed: 1 };
  const engine: NativeEngine = {
    findPaths: (target, { source: _, ...options }) => {
      asked.push(options);
      return findPaths(target, { ...options, ...simulated });
    },
    trace: (target, { source: _, sourcePort: __, ...options } = {}) => {
      asked.push(options);
      return trace(target, { ...options, ...simulated });
    },
  };
  return { engine, asked };
}

function tracerOn(scenario: string, options: Partial<NativeTracerOptions> = {}) {
  const { engine, asked } = simulatedEngine(scenario);
  const fixed = { kind: 'paths', method: 'icmp', names: false, hostname: 'server' } as const;
  return { tracer: new NativeTracer({ ...fixed, ...options, engine }), asked };
}

function request(signal: AbortSignal = new AbortController().signal): TraceRequest {
  return { uuid: 'h_1_01', startedAtMs: 0, signal };
}

function linesOf(text: string): Record<string, unknown>[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const CONNECTION = connectionTo('192.0.2.1');

describe('NativeTracer', () => {
  it('writes paths as tracelb, with both names of the gap limit', async () => {
    const { tracer } = tracerOn('healthy-fabric');
    const result = await tracer.trace(CONNECTION, request());
    expect(result).toMatchObject({ tracer: 'native', kind: 'tracelb', uuid: 'h_1_01' });
    const [start, body, stop] = linesOf(result.text);
    expect(start).toMatchObject({ type: 'cycle-start', hostname: 'server' });
    expect(Number(start?.['start_time']) * 1000).toBe(result.startedAtMs);
    expect(body).toMatchObject({ type: 'tracelb', method: 'icmp-echo' });
    expect(body?.['gaplint']).toBe(body?.['gaplimit']);
    expect(stop).toMatchObject({ type: 'cycle-stop' });
  });

  it.each([
    ['icmp', 'icmp-echo-paris'],
    ['udp', 'udp-paris'],
  ] as const)('writes a trace by %s, and says so', async (method, named) => {
    const { tracer } = tracerOn('healthy-fabric', { kind: 'trace', method });
    const result = await tracer.trace(CONNECTION, request());
    expect(result.kind).toBe('trace');
    const [, body] = linesOf(result.text);
    expect(body).toMatchObject({ type: 'trace', method: named, stop_reason: 'COMPLETED' });
  });

  it('follows the connection itself as far as the hop before the client', async () => {
    const { tracer, asked } = tracerOn('healthy-fabric', { kind: 'trace', method: 'tcp-ack' });
    const result = await tracer.trace(CONNECTION, request());
    const [, body] = linesOf(result.text);
    const distance = 5; // four routers, then the client
    expect(asked).toMatchObject([
      { protocol: 'icmp' },
      { protocol: 'tcp-ack', port: 50_000, borrowsPort: true, maxTtl: distance - 1 },
    ]);
    expect(body).toMatchObject({ method: 'tcp-ack', stop_reason: 'HOPLIMIT', hop_count: 4 });
  });

  it('leaves it at ICMP where that does not find the client', async () => {
    const { tracer, asked } = tracerOn('target-does-not-answer', {
      kind: 'trace',
      method: 'tcp-ack',
    });
    const { text } = await tracer.trace(CONNECTION, request());
    expect(linesOf(text)[1]).toMatchObject({ method: 'icmp-echo-paris', stop_reason: 'GAPLIMIT' });
    expect(asked).toHaveLength(1);
  });

  it('rejects what was broken off, by the signal or by its end', async () => {
    const { tracer } = tracerOn('healthy-fabric');
    await expect(tracer.trace(CONNECTION, request(AbortSignal.abort()))).rejects.toMatchObject({
      code: 'timeout',
    });
    const running = tracer.trace(CONNECTION, request());
    await tracer.close();
    await expect(running).rejects.toMatchObject({ code: 'timeout' });
  });

  it.each([
    ['RAW_SOCKET_DENIED', 'unavailable'],
    ['EMFILE', 'unavailable'],
    ['ENETUNREACH', 'crashed'],
  ])('calls %s %s', async (code, failure) => {
    const error = Object.assign(new Error('refused'), { code });
    const engine = { findPaths: () => Promise.reject(error), trace };
    const fixed = { kind: 'paths', method: 'icmp', names: false, hostname: 'server' } as const;
    const tracer = new NativeTracer({ ...fixed, engine });
    await expect(tracer.trace(CONNECTION, request())).rejects.toMatchObject({ code: failure });
  });

  it('refuses paths of a connection, which is one flow', () => {
    expect(() => tracerOn('healthy-fabric', { method: 'tcp-ack' })).toThrow(RangeError);
  });
});
