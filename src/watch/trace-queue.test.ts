import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { QueueFullError, TraceQueue, type TraceQueueOptions } from './trace-queue.ts';

function queueWith(options: Partial<TraceQueueOptions> = {}): {
  queue: TraceQueue;
  clock: VirtualClock;
} {
  const clock = new VirtualClock();
  const queue = new TraceQueue({
    clock,
    concurrency: 2,
    ratePerSecond: 0,
    waitingMax: 10,
    ...options,
  });
  return { queue, clock };
}

/** Traces that take that long each, and when each started. */
function traces(queue: TraceQueue, clock: VirtualClock, ms: number) {
  const started: string[] = [];
  const run = (name: string, isUrgent = false): Promise<void> =>
    queue.run(isUrgent, () => {
      started.push(`${name}@${clock.nowMs()}`);
      return new Promise((resolve) => clock.after(ms, resolve));
    });
  return { started, run };
}

describe('TraceQueue', () => {
  it('runs no more at a time than it may', async () => {
    const { queue, clock } = queueWith();
    const { started, run } = traces(queue, clock, 100);
    const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => run(name)));
    await clock.pass(1000);
    await all;
    expect(started).toEqual(['a@0', 'b@0', 'c@100', 'd@100', 'e@200']);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('gives precedence to what is urgent', async () => {
    const { queue, clock } = queueWith({ concurrency: 1 });
    const { started, run } = traces(queue, clock, 100);
    const all = Promise.all([run('a'), run('b'), run('retransmitted', true)]);
    await clock.pass(1000);
    await all;
    expect(started).toEqual(['a@0', 'retransmitted@100', 'b@200']);
  });

  it('starts no more a second than it may', async () => {
    const { queue, clock } = queueWith({ concurrency: 100, ratePerSecond: 4 });
    const { started, run } = traces(queue, clock, 1);
    const all = Promise.all(['a', 'b', 'c'].map((name) => run(name)));
    await clock.pass(1000);
    await all;
    expect(started).toEqual(['a@0', 'b@250', 'c@500']);
  });

  it('refuses what it has no room for', async () => {
    const { queue, clock } = queueWith({ concurrency: 1, waitingMax: 1 });
    const { run } = traces(queue, clock, 100);
    const fitting = [run('runs'), run('waits')];
    await expect(run('too many')).rejects.toThrow(QueueFullError);
    await clock.pass(1000);
    await Promise.all(fitting);
  });

  it('goes on after a trace that failed', async () => {
    const { queue } = queueWith({ concurrency: 1 });
    const failing = queue.run(false, () => Promise.reject(new Error('crashed')));
    const next = queue.run(false, async () => 'fine');
    await expect(failing).rejects.toThrow('crashed');
    expect(await next).toBe('fine');
  });

  it('starts nothing more once it is told to refuse, and lets finish what runs', async () => {
    const { queue, clock } = queueWith({ concurrency: 1 });
    const { started, run } = traces(queue, clock, 100);
    const [running, waiting] = [run('runs'), run('waits')];
    queue.refuseWaiting(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    await expect(run('late')).rejects.toThrow('stopped');
    await clock.pass(1000);
    await running;
    expect(started).toEqual(['runs@0']);
  });
});
