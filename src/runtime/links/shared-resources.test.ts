import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SharedResources } from './shared-resources.ts';

/** Resources that are numbered as they are opened, and the numbers of those that were closed. */
function numbered() {
  const closed: number[] = [];
  let opened = 0;
  const resources = new SharedResources<number>((resource) => closed.push(resource));
  return { resources, closed, open: async () => ++opened };
}

describe('a resource', () => {
  test('is shared by key, and closed by the last who leaves', async () => {
    const { resources, closed, open } = numbered();
    const first = await resources.lease('a', open);
    const second = await resources.lease('a', open);
    const other = await resources.lease('b', open);
    expect([first, second, other].map(({ resource }) => resource)).toEqual([1, 1, 2]);
    first.release();
    await nextTurn();
    expect(closed).toEqual([]);
    second.release();
    await nextTurn();
    expect(closed).toEqual([1]);
    expect((await resources.lease('a', open)).resource).toBe(3);
  });

  test('stays open for who comes in the same turn', async () => {
    const { resources, closed, open } = numbered();
    (await resources.lease('a', open)).release();
    const next = await resources.lease('a', open);
    await nextTurn();
    expect({ resource: next.resource, closed }).toEqual({ resource: 1, closed: [] });
    next.release();
    (await resources.lease('a', open)).release();
    await nextTurn();
    expect(closed).toEqual([1]);
  });

  test('without a key is nobody else’s', async () => {
    const { resources, open } = numbered();
    const leases = await Promise.all([0, 1].map(() => resources.lease(undefined, open)));
    expect(leases.map(({ resource }) => resource)).toEqual([1, 2]);
  });

  test('that cannot be opened is tried anew by the next', async () => {
    const { resources, closed, open } = numbered();
    const fail = () => Promise.reject(new Error('no socket'));
    await expect(resources.lease('a', fail)).rejects.toThrow('no socket');
    expect((await resources.lease('a', open)).resource).toBe(1);
    expect(closed).toEqual([]);
  });
});
