import { describe, expect, it } from 'vitest';
import { inFlagNames } from './flag-names.ts';

describe('what the library says of an option', () => {
  it.each([
    ['minTtl must be at most maxTtl 3, got 9', '--min-ttl must be at most --max-ttl 3, got 9'],
    ['port must be left out with protocol icmp', '--port must be left out with protocol icmp'],
    ['shard needs seed, the same for all', '--shard needs seed, the same for all'],
    ['shard.index must be an integer', '--shard must be an integer'],
    ['no route to 10.0.0.1 by eth0', 'no route to 10.0.0.1 by eth0'],
  ])('%s', (message, wanted) => {
    expect(inFlagNames(message, { 'shard.index': '--shard' })).toBe(wanted);
  });
});
