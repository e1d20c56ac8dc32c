import { describe, expect, test } from 'vitest';
import { diagnose, droppingRules } from './doctor.ts';

const chain = (name: string, hook: string, policy = 'accept') => ({
  chain: { family: 'inet', table: 't', name, hook, policy },
});
const rule = (name: string, verdict: object) => ({
  rule: { family: 'inet', table: 't', chain: name, expr: [{ match: {} }, verdict] },
});

describe('rules on output that drop', () => {
  test.each([
    { shows: 'an empty ruleset has none', entries: [], count: 0 },
    {
      shows: 'a rule that drops, and one that rejects',
      entries: [chain('out', 'output'), rule('out', { drop: null }), rule('out', { reject: null })],
      count: 2,
    },
    { shows: 'a policy', entries: [chain('out', 'output', 'drop')], count: 1 },
    {
      shows: 'not on input',
      entries: [chain('in', 'input', 'drop'), rule('in', { drop: null })],
      count: 0,
    },
    {
      shows: 'not what accepts',
      entries: [chain('out', 'output'), rule('out', { accept: null })],
      count: 0,
    },
  ])('$shows', ({ entries, count }) => {
    const json = JSON.stringify({ nftables: [{ metainfo: {} }, ...entries] });
    expect(droppingRules(json)).toBe(count);
  });
});

test('every ability that is denied has a reason, and no other', async () => {
  const { families, rungs } = await diagnose();
  expect(families.map(({ family }) => family)).toEqual([4, 6]);
  for (const { family: _, ...abilities } of families) {
    for (const { works, why } of Object.values(abilities)) expect(why === '').toBe(works);
  }
  expect(rungs.at(-1)).toMatchObject({
    works: true,
    commands: expect.arrayContaining(['analyze']),
  });
});
