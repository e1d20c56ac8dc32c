import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import type { SweepRecord, SweepReplyRecord } from '../../model/sweep-record.ts';
import { readSweep, type SweepParty } from './open-sweep.ts';
import type { SenderPort } from './sender-port.ts';
import { serveSender } from './sender-server.ts';
import type { SweepOutput } from './sweep-encoders.ts';
import type { SweepOptions } from './sweep-options.ts';
import { openSenders } from './sweep-senders.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-senders-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RATES = { rate: 3000, perPrefix: 1_000_000, perInterface: 1_000_000 } as const;
const THREE = { simulate: 'internet', seed: 1, senders: 3, ...RATES } as const;
const PREFIX = '10.1.0.0/21';

/** Both ends in this thread, with a channel between them. */
function startHere(): SenderPort {
  const channel = new MessageChannel();
  serveSender(channel.port2);
  return channel.port1 as unknown as SenderPort;
}

interface Swept {
  readonly record: SweepRecord;
  readonly replies: readonly SweepReplyRecord[];
}

async function swept(
  options: SweepOptions,
  party: Partial<SweepParty> = {},
  start: () => SenderPort = startHere,
): Promise<Swept> {
  const question = await readSweep(PREFIX, options);
  const replies: SweepReplyRecord[] = [];
  const replied = (reply: SweepReplyRecord): void => void replies.push(reply);
  const { signal } = new AbortController();
  const run = await openSenders(question, { signal, replied, ...party }, start);
  try {
    return { record: await run.run(), replies };
  } finally {
    await run.close();
  }
}

function keysOf(replies: readonly SweepReplyRecord[]): string[] {
  return replies.map(({ target, flow, ttl }) => `${target} ${flow} ${ttl}`);
}

function repliesIn(file: string): SweepReplyRecord[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SweepReplyRecord);
}

describe('several senders', () => {
  it('ask every target once, and hear together what one hears', async () => {
    const { record, replies } = await swept({ ...THREE, strategy: 'every-ttl' });
    expect(flawsOf('sweep-1', record)).toEqual([]);
    expect(new Set(keysOf(replies)).size).toBe(replies.length);
    expect(replies).toHaveLength(record.repliesReceived);
    expect(record.targets).toMatchObject({ count: 2048, inShard: 2048, probed: 2048 });
    expect(record.interfaces).toBe(new Set(replies.map(({ from }) => from)).size);
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0 });
    expect(record.repliesByTtl.reduce((sum, count) => sum + count)).toBe(replies.length);
    const alone = await swept({ ...THREE, senders: 1, strategy: 'every-ttl' });
    expect(record.targets).toEqual(alone.record.targets);
  });

  it('keep to one pace, in all and to a prefix', async () => {
    const rates = { rate: 3000, perPrefix: 300, perInterface: 1_000_000 };
    const all = { ...THREE, strategy: 'every-ttl', maxProbes: 20_000 } as const;
    const { record } = await swept({ ...all, ...rates });
    // Eight networks of 256 addresses, 300 a second each.
    expect(record.durationMs).toBeGreaterThan((1000 * record.probesSent) / (8 * 300) - 500);
    const faster = await swept(all);
    expect(faster.record.stopReason).toBe('probe-limit');
    expect(faster.record.durationMs).toBeGreaterThan(faster.record.probesSent / 3 - 500);
    expect(faster.record.durationMs).toBeLessThan(record.durationMs);
  });

  it('tell each other what they have found, so that nobody asks for it again', async () => {
    const { record } = await swept(THREE);
    const alone = await swept({ ...THREE, senders: 1 });
    expect(record.probesSent).toBeLessThan(1.25 * alone.record.probesSent);
    expect(record.targets.reached).toBe(alone.record.targets.reached);
  });

  it.each(['jsonl', 'parquet'])(
    'have every reply once after an end on the way: %s',
    async (kind) => {
      const output = path.join(folder, `replies.${kind}`);
      const checkpoint = path.join(folder, `${kind}.json`);
      const windows = { rate: 300, strategy: 'every-ttl' } as const; // three for each sender
      const options = { ...THREE, ...windows, output, checkpoint };
      const interruption = new AbortController();
      let heard = 0;
      const begun = await swept(options, {
        signal: interruption.signal,
        replied: () => {
          if (heard++ === 14_000) interruption.abort();
        },
      });
      expect(begun.record).toMatchObject({ stopReason: 'interrupted', partial: true });
      const state: unknown = JSON.parse(readFileSync(checkpoint, 'utf8'));
      expect(flawsOf('sweep-checkpoint-1', state)).toEqual([]);
      const { record } = await swept(options);
      expect(record).toMatchObject({ stopReason: 'complete', resumed: true });
      expect(record.targets.probed).toBe(2048);
      if (kind === 'parquet') return;
      const replies = repliesIn(output);
      expect(new Set(keysOf(replies)).size).toBe(replies.length);
      expect(replies).toHaveLength(record.repliesReceived);
      const again = await swept(options); // there is nothing left
      expect(again.record.targets).toEqual(record.targets);
      expect(repliesIn(output)).toHaveLength(replies.length);
    },
  );

  it('refuse the checkpoint of another number of them', async () => {
    const checkpoint = path.join(folder, 'three.json');
    await swept({ ...THREE, checkpoint });
    const other = readSweep(PREFIX, { ...THREE, senders: 2, checkpoint });
    await expect(other).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });

  it('end when their replies cannot be written', async () => {
    const full: SweepOutput = {
      length: 0,
      add: () => {},
      relief: () => Promise.reject(new Error('no space left')),
      settle: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    await expect(swept(THREE, { output: full })).rejects.toThrow('no space left');
  });

  it('end together when one of them fails', async () => {
    const nowhere = { ...THREE, simulate: 'no-such-scenario' };
    await expect(swept(nowhere)).rejects.toMatchObject({ code: 'SCENARIO_UNREADABLE' });
    let started = 0;
    const mortal = (): SenderPort => {
      const port = startHere();
      if (started++ > 0) return port;
      const tell = port.postMessage.bind(port);
      const failures: ((error: Error) => void)[] = [];
      const heard = (event: string, listener: never): unknown => {
        if (event === 'error') failures.push(listener);
        return (port.on as (event: string, listener: never) => unknown).call(port, event, listener);
      };
      return Object.assign(Object.create(port) as SenderPort, {
        on: heard,
        postMessage: (request: Parameters<SenderPort['postMessage']>[0]) => {
          tell(request.type === 'start' ? { type: 'abort' } : request);
          if (request.type === 'start') for (const fail of failures) fail(new Error('no memory'));
        },
      });
    };
    await expect(swept(THREE, {}, mortal)).rejects.toThrow('no memory');
  });
});
