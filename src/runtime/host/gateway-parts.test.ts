import { describe, expect, it } from 'vitest';
import type { Neighbour } from '../../native/neighbour-lookup.ts';
import { partsByGateway } from './gateway-parts.ts';

function gateway(last: number, device = 1): Neighbour {
  return { address: Uint8Array.of(10, 0, 0, last), device };
}

/** By the numbers from which on another is used. */
function routes(borders: readonly (readonly [from: number, to: Neighbour])[]) {
  return (target: number): Neighbour =>
    borders.findLast(([from]) => from <= target)?.[1] ?? gateway(0);
}

describe('partsByGateway', () => {
  it.each([1, 2, 1000, 1_000_000])('of %i targets behind one gateway is one part', (size) => {
    let questions = 0;
    const ask = (): Neighbour => {
      questions++;
      return gateway(1);
    };
    expect(partsByGateway(size, ask)).toEqual([{ first: 0, gateway: gateway(1) }]);
    expect(questions).toBeLessThanOrEqual(1026);
  });

  it('finds every border exactly, also several between two samples, and other devices', () => {
    const borders = [
      [0, gateway(1)],
      [123_457, gateway(2)],
      [123_600, gateway(3)],
      [124_999, gateway(2, 7)],
      [999_999, gateway(1)],
    ] as const;
    const parts = partsByGateway(1_000_000, routes(borders));
    expect(parts).toEqual(borders.map(([first, each]) => ({ first, gateway: each })));
  });

  it('divides few targets as the kernel does, one by one', () => {
    const parts = partsByGateway(8, (target) => gateway(target % 3));
    expect(parts).toEqual(
      Array.from({ length: 8 }, (_, first) => ({ first, gateway: gateway(first % 3) })),
    );
  });

  it('gives many that are divided one by one up', () => {
    expect(partsByGateway(65_536, (target) => gateway(target % 2))).toBeTypeOf('number');
  });
});
