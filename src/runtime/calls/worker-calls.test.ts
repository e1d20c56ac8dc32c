import { EventEmitter, once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { expectToWaitUnheard } from '../../../test/support/unheard-sweep.ts';
import type { SweepRecord } from '../../model/sweep-record.ts';
import type { TraceRecord } from '../../model/trace-record.ts';
import type { SweepCall, SweepEvent } from '../sweep/sweep-call.ts';
import type { SweepOptions } from '../sweep/sweep-options.ts';
import { type TraceEvent, type TraceOptions, trace } from '../trace/trace.ts';
import { type Measurement, MeasurementCall } from './measurement-call.ts';
import { WorkerCalls, type WorkerPort } from './worker-calls.ts';
import type { WorkerRequest } from './worker-messages.ts';
import { serveCalls } from './worker-server.ts';

const SIMULATED = { simulate: 'healthy-fabric', seed: 1, names: false } as const;
const opened: MessageChannel[] = [];

afterEach(() => {
  for (const { port1 } of opened.splice(0)) port1.close();
});

/** Both ends in this thread, with a channel between them. */
function channelCalls(lingerMs?: number): WorkerCalls {
  return new WorkerCalls(() => {
    const channel = new MessageChannel();
    opened.push(channel);
    serveCalls(channel.port2);
    return channel.port1 as unknown as WorkerPort;
  }, lingerMs);
}

function traceBy(calls: WorkerCalls, options: TraceOptions) {
  return new MeasurementCall(
    calls.run({ kind: 'trace', target: 'db7', options }) as Measurement<TraceRecord, TraceEvent>,
    options.signal,
  );
}

function sweepBy(calls: WorkerCalls, target: string, options: SweepOptions): SweepCall {
  const asked = { kind: 'sweep', target, options } as const;
  return new MeasurementCall(calls.run(asked) as Measurement<SweepRecord, SweepEvent>);
}

async function eventsOf(call: MeasurementCall<TraceRecord, TraceEvent>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  for await (const event of call.events()) events.push(event);
  return events;
}

/** The same at another time of the day. */
function timeless(events: readonly TraceEvent[]): unknown {
  return JSON.parse(JSON.stringify(events), (key, value: unknown) =>
    /At$/.test(key) ? undefined : value,
  );
}

describe('a measurement in another thread', () => {
  it('has the events and the record that it would have in this one', async () => {
    const there = traceBy(channelCalls(), SIMULATED);
    const events = await eventsOf(there);
    expect(timeless(events)).toEqual(timeless(await eventsOf(trace('db7', SIMULATED))));
    expect(events.at(-1)).toEqual({ type: 'end', record: await there });
  });

  it('ends when its caller aborts it, with what is known by then', async () => {
    const long = { parallelTtls: 1, queries: 100, rate: 1000, maxTtl: 255, gapLimit: 0 };
    const options = { ...SIMULATED, ...long, simulate: 'target-does-not-answer' };
    const call = traceBy(channelCalls(), options);
    for await (const { type } of call.events()) if (type === 'probe') break;
    expect(await call).toMatchObject({ partial: true, stopReason: 'aborted' });
  });

  it('does not tell events to whoever has not asked for them at once', async () => {
    const call = traceBy(channelCalls(), SIMULATED);
    await call;
    await expect(eventsOf(call)).rejects.toThrow('right after the measurement began');
  });

  it('rejects with the reason when it was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(traceBy(channelCalls(), { ...SIMULATED, signal })).rejects.toThrow('never mind');
  });

  it('rejects with errors that have their names and codes', async () => {
    const calls = channelCalls();
    await expect(traceBy(calls, { simulate: 'no-such-scenario' })).rejects.toMatchObject({
      name: 'ScenarioFileError',
      code: expect.stringMatching(/^SCENARIO_/),
    });
    await expect(traceBy(calls, { ...SIMULATED, queries: 0 })).rejects.toThrow(RangeError);
  });
});

describe('a sweep in another thread', () => {
  it('waits there while its events are not heard here', async () => {
    const rates = { rate: 100_000, perPrefix: 1_000_000, perInterface: 1_000_000 } as const;
    const simulated = { simulate: 'internet', seed: 1, ...rates };
    await expectToWaitUnheard(sweepBy(channelCalls(), '10.1.0.0/21', simulated));
  });

  it('is ended by leaving its events', async () => {
    const call = sweepBy(channelCalls(), '10.0.0.0/8', { simulate: 'internet', seed: 1 });
    for await (const { type } of call.events()) if (type === 'reply') break;
    expect(await call).toMatchObject({ partial: true, stopReason: 'interrupted' });
  });
});

describe('the worker', () => {
  it('serves all calls, and ends some time after the last', async () => {
    const calls = channelCalls(0);
    const records = await Promise.all([traceBy(calls, SIMULATED), traceBy(calls, SIMULATED)]);
    expect(records.map(({ stopReason }) => stopReason)).toEqual(['reached', 'reached']);
    expect(opened).toHaveLength(1);
    await once(opened[0]?.port1 as unknown as EventEmitter, 'close');
    await traceBy(calls, SIMULATED);
    expect(opened).toHaveLength(2);
  });

  it('fails all calls when it fails, and is started anew for the next', async () => {
    const workers: SilentWorker[] = [];
    const calls = new WorkerCalls(() => {
      const worker = new SilentWorker();
      workers.push(worker);
      return worker;
    });
    const failing = [traceBy(calls, SIMULATED), traceBy(calls, SIMULATED)];
    await new Promise((resolve) => setImmediate(resolve));
    workers[0]?.emit('error', new Error('out of memory'));
    for (const call of failing) await expect(call).rejects.toThrow('out of memory');
    const next = traceBy(calls, SIMULATED);
    await new Promise((resolve) => setImmediate(resolve));
    workers[1]?.emit('exit', 1);
    await expect(next).rejects.toThrow('has ended');
    expect(workers).toHaveLength(2);
  });
});

class SilentWorker extends EventEmitter implements WorkerPort {
  readonly requests: WorkerRequest[] = [];

  postMessage(request: WorkerRequest): void {
    this.requests.push(request);
  }

  ref(): void {}

  unref(): void {}
}
