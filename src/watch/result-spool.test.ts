import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { ResultSpool, type ResultSpoolOptions } from './result-spool.ts';

class FakeDisk {
  readonly files = new Map<string, string>();
  trouble: string | undefined;
  attempts = 0;

  async write(path: string, content: string): Promise<void> {
    this.attempts++;
    if (this.trouble !== undefined)
      throw Object.assign(new Error(`${this.trouble}: ${path}`), { code: this.trouble });
    this.files.set(path, content);
  }
}

function spoolWith(options: Partial<ResultSpoolOptions> = {}) {
  const clock = new VirtualClock();
  const disk = new FakeDisk();
  const told: string[] = [];
  const spool = new ResultSpool({
    clock,
    disk,
    filesMax: 3,
    sizeMax: 100,
    writers: 2,
    events: {
      written: () => {},
      refused: (path) => told.push(`refused ${path}`),
      failing: (path) => told.push(`failing ${path}`),
      recovered: () => told.push('recovered'),
    },
    ...options,
  });
  return { clock, disk, spool, told };
}

describe('ResultSpool', () => {
  it.each(['ENOSPC', 'EROFS', 'EACCES', 'EIO'])(
    'keeps results through %s, tells it once, and writes them when that is over',
    async (trouble) => {
      const { clock, disk, spool, told } = spoolWith();
      disk.trouble = trouble;
      for (const path of ['a', 'b', 'c']) spool.put(path, 'content');
      await clock.pass(60_000);
      expect(spool.length).toBe(3);
      expect(told).toEqual(['failing a']);
      disk.trouble = undefined;
      await clock.pass(30_000);
      expect([...disk.files.keys()].sort()).toEqual(['a', 'b', 'c']);
      expect(told).toEqual(['failing a', 'recovered']);
    },
  );

  it('tries less and less often', async () => {
    const { clock, disk, spool } = spoolWith();
    disk.trouble = 'ENOSPC';
    spool.put('a', 'content');
    await clock.pass(600_000);
    expect(disk.attempts).toBeGreaterThan(15);
    expect(disk.attempts).toBeLessThan(35);
  });

  it('refuses what its bounds do not hold, and tells each', async () => {
    const { disk, spool, told } = spoolWith();
    disk.trouble = 'ENOSPC';
    expect(['a', 'b', 'c', 'd'].map((path) => spool.put(path, ''))).toEqual([
      ...[true, true, true, false],
    ]);
    expect(told).toContain('refused d');
    const { spool: small, told: toldOfSize } = spoolWith();
    expect(small.put('large', 'x'.repeat(101))).toBe(false);
    expect(toldOfSize).toEqual(['refused large']);
  });

  it('counts what results share once, as long as one of them waits', async () => {
    const { clock, disk, spool, told } = spoolWith({ filesMax: 100 });
    const shared = 'x'.repeat(60);
    disk.trouble = 'ENOSPC';
    const put = (path: string, head: string) => spool.put(path, head + shared, shared);
    expect(['a', 'b', 'c'].map((path) => put(path, 'ten digits'))).toEqual([true, true, true]);
    expect(put('d', 'eleven digs')).toBe(false);
    expect(spool.put('e', 'ten digits')).toBe(true);
    disk.trouble = undefined;
    await clock.pass(60_000);
    expect([...disk.files.keys()].sort()).toEqual(['a', 'b', 'c', 'e']);
    expect(told).toEqual(['refused d', 'failing a', 'recovered']);
    disk.trouble = 'ENOSPC';
    expect(spool.put('f', 'x'.repeat(100))).toBe(true);
  });

  it('gives up what can never be written, and goes on', async () => {
    const { clock, disk, spool, told } = spoolWith();
    disk.trouble = 'ENAMETOOLONG';
    spool.put('long', '');
    await clock.pass(0);
    expect(told).toEqual(['failing long', 'refused long']);
    disk.trouble = undefined;
    spool.put('short', '');
    await spool.flush();
    expect([...disk.files.keys()]).toEqual(['short']);
  });

  it('flushes at once, whatever it waited for', async () => {
    const { clock, disk, spool } = spoolWith();
    disk.trouble = 'ENOSPC';
    spool.put('a', 'content');
    await clock.pass(100_000);
    disk.trouble = undefined;
    await spool.flush();
    expect(disk.files.size).toBe(1);
    await spool.flush();
  });

  it('tells what it abandons', async () => {
    const { clock, disk, spool } = spoolWith();
    disk.trouble = 'EROFS';
    spool.put('a', '');
    await clock.pass(0);
    expect(spool.abandon()).toEqual(['a']);
    expect(spool.length).toBe(0);
  });
});
