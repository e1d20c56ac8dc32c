import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import { expectToWaitUnheard } from '../../../test/support/unheard-sweep.ts';
import type { SweepRecord, SweepReplyRecord } from '../../model/sweep-record.ts';
import { type SweepCall, type SweepEvent, sweep } from './sweep-call.ts';
import type { SweepOptions } from './sweep-options.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-sweep-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RATES = { rate: 100_000, perPrefix: 1_000_000, perInterface: 1_000_000 } as const;
const SIMULATED = { simulate: 'internet', seed: 1, ...RATES } as const;

async function eventsOf(call: SweepCall): Promise<SweepEvent[]> {
  const events: SweepEvent[] = [];
  for await (const event of call.events()) events.push(event);
  return events;
}

describe('a sweep as a function', () => {
  it('tells every reply, and gives the record that the command writes', async () => {
    const call = sweep('10.1.0.0/24', SIMULATED);
    expectTypeOf(call).resolves.toEqualTypeOf<SweepRecord>();
    const events = await eventsOf(call);
    const record = await call;
    expect(flawsOf('sweep-1', record)).toEqual([]);
    const replies = events.filter(({ type }) => type === 'reply');
    expect(replies).toHaveLength(record.repliesReceived);
    for (const reply of replies) expect(flawsOf('sweep-lines-1', reply)).toEqual([]);
    expect(events.at(-1)).toEqual({ type: 'end', record });
    expect(events.findLast(({ type }) => type === 'progress')).toMatchObject({
      share: 1,
      probesSent: record.probesSent,
      repliesReceived: record.repliesReceived,
    });
  });

  it('takes a list, and answers whoever only awaits it', async () => {
    const { targets } = await sweep(['10.1.0.0/30', '10.2.0.1'], {
      ...SIMULATED,
      exclude: ['10.1.0.1'],
    });
    expect(targets).toMatchObject({ count: 4, excluded: 1, probed: 4 });
  });

  it('sends nothing while its events are not heard', async () => {
    await expectToWaitUnheard(sweep('10.1.0.0/21', SIMULATED));
  });

  it('is stopped by leaving its events, also while it waits for them to be heard', async () => {
    const call = sweep('10.1.0.0/16', SIMULATED);
    const events = call.events();
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await events.return();
    expect(await call).toMatchObject({ partial: true, stopReason: 'interrupted' });
  });

  it('ends by a signal, and does not begin by one that was aborted before', async () => {
    const interruption = new AbortController();
    const call = sweep('10.0.0.0/8', { ...SIMULATED, signal: interruption.signal });
    setTimeout(() => interruption.abort(), 50);
    expect(await call).toMatchObject({ partial: true });
    const never = sweep('10.1.0.0/24', { ...SIMULATED, signal: AbortSignal.abort() });
    await expect(never).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('writes its replies, and goes on from its checkpoint, with every reply once', async () => {
    const files = {
      output: path.join(folder, 'replies.jsonl'),
      checkpoint: path.join(folder, 'state.json'),
    };
    const options = { ...SIMULATED, rate: 1000, ...files };
    const first = await sweep('10.1.0.0/20', { ...options, maxProbes: 20_000 });
    expect(first.stopReason).toBe('probe-limit');
    const record = await sweep('10.1.0.0/20', options);
    expect(record).toMatchObject({ stopReason: 'complete', resumed: true });
    const lines = readFileSync(files.output, 'utf8').trimEnd().split('\n');
    const keys = lines.map((line) => {
      const { target, flow, ttl } = JSON.parse(line) as SweepReplyRecord;
      return `${target} ${flow} ${ttl}`;
    });
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(record.repliesReceived);
  });
});

const MISTAKES: readonly (readonly [SweepOptions, string])[] = [
  [{ rate: 0 }, 'rate must be an integer from 1 to 1000000, got 0'],
  [{ maxTtl: 33 }, 'maxTtl must be an integer from 1 to 32, got 33'],
  [{ minTtl: 9, maxTtl: 8 }, 'minTtl must be at most maxTtl 8, got 9'],
  [{ shard: { index: 9, of: 8 }, seed: 1 }, 'shard.index must be an integer from 1 to 8, got 9'],
  [{ shard: { index: 1, of: 8 } }, 'shard needs seed'],
  [{ flows: 2, strategy: 'stop-set' }, 'flows must be left out'],
  [{ flows: 1024, sourcePort: 65_000 }, 'sourcePort must be at most 64512 with 1024 flows'],
  [{ protocol: 'icmp', port: 80 }, 'port must be left out with protocol icmp'],
  [{ output: 'replies.csv' }, 'must end in .jsonl, .jsonl.gz or .parquet'],
  [{ simulate: 'internet', source: '10.0.0.1' }, 'source must be left out with simulate'],
  [{ simulate: 'internet', receive: 'ring' }, 'receive must be left out with simulate'],
  [{ receive: 'pcap' as 'ring' }, 'receive must be one of raw, ring, got pcap'],
  [{ exclude: '10.0.0.1' as unknown as string[] }, 'exclude must be a list'],
  [{ perprefix: 5 } as SweepOptions, 'there is no option perprefix'],
  [{ confidence: 1 }, 'confidence must be within (0, 1), got 1'],
];

describe('what cannot be asked', () => {
  it.each(MISTAKES)('throws at once: %o', (options, message) => {
    expect(() => sweep('10.1.0.0/24', options)).toThrow(RangeError);
    expect(() => sweep('10.1.0.0/24', options)).toThrow(message);
  });

  it.each([undefined, null, 42, {}, [42]])('throws at once: the targets %o', (targets) => {
    expect(() => sweep(targets as unknown as string, SIMULATED)).toThrow(
      /^target must be a string, got/,
    );
  });

  it('rejects with a code what is found out later', async () => {
    const codeOf = async (call: SweepCall): Promise<unknown> => {
      const error: unknown = await call.then(() => undefined).catch((reason: unknown) => reason);
      return error instanceof Error && 'code' in error ? error.code : error;
    };
    expect(await codeOf(sweep('198.41.0.0/24'))).toBe('EXCLUSIONS_MISSING');
    expect(await codeOf(sweep(path.join(folder, 'none.txt')))).toBe('TARGETS_UNREADABLE');
    expect(await codeOf(sweep(['10.1.0.7/24'], SIMULATED))).toBe('TARGETS_UNREADABLE');
    expect(await codeOf(sweep([], SIMULATED))).toBe('NO_TARGETS');
    const output = path.join(folder, 'no', 'such.jsonl');
    expect(await codeOf(sweep('10.1.0.0/24', { ...SIMULATED, output }))).toBe('OUTPUT_UNWRITABLE');
    for (const checkpoint of [path.join(folder, 'no', 'such.json'), folder]) {
      const call = sweep('10.1.0.0/24', { ...SIMULATED, checkpoint });
      expect(await codeOf(call)).toMatch(/^CHECKPOINT_/);
    }
  });
});
