import { describe, expect, test } from 'vitest';
import { planNetwork } from './network-plan.ts';
import { waysTo } from './other-targets.ts';
import { parseScenario } from './scenario.ts';
import { simulate } from './simulated-network.ts';

const NETWORK = {
  shows: 'other targets',
  fabric: { widths: [1, 2, 2] },
  truth: { verdict: 'inconclusive' },
};

function withTargets(...otherTargets: object[]): object {
  return { ...NETWORK, otherTargets };
}

describe('other targets', () => {
  test('have addresses of their own, and leave those of the network as they were', () => {
    const usual = planNetwork(parseScenario(NETWORK));
    const { otherTargets, ...rest } = planNetwork(
      parseScenario(
        withTargets({ name: 'db8', behind: ['r3.0'] }, { name: 'db9', behind: ['r2.1'] }),
      ),
    );
    const { otherTargets: none, ...usualRest } = usual;
    expect(none).toEqual([]);
    expect(rest).toEqual(usualRest);
    expect(otherTargets.map(({ address }) => address)).toEqual([
      { 4: '10.200.0.2', 6: 'fdec:200::2' },
      { 4: '10.200.0.3', 6: 'fdec:200::3' },
    ]);
    const addresses = otherTargets.flatMap(({ links }) => links.map((link) => link.nearAddress[4]));
    expect(new Set([...addresses, ...rest.links.map((link) => link.nearAddress[4])]).size).toBe(
      rest.links.length + 2,
    );
  });

  test.each([
    [
      { name: 'r2.0', behind: ['r3.0'] },
      'otherTargets[0].name: "r2.0" is the name of another node',
    ],
    [{ name: 'target', behind: ['r3.0'] }, '"target" is the name of another node'],
    [{ name: 'db8', behind: ['r9.0'] }, 'otherTargets[0].behind[0]: no router named "r9.0"'],
    [{ name: 'db8', behind: ['r3.0', 'r3.0'] }, 'otherTargets[0].behind[1]: joins r3.0 again'],
    [{ name: 'db8', behind: [] }, 'otherTargets[0].behind'],
  ])('cannot be %o', (target, complaint) => {
    expect(() => parseScenario(withTargets(target))).toThrow(complaint);
  });

  test('cannot share a name', () => {
    const twin = { name: 'db8', behind: ['r3.0'] };
    expect(() => parseScenario(withTargets(twin, twin))).toThrow('otherTargets[1].name');
  });

  test('change nothing for whoever probes the usual target', () => {
    const [bare, joined] = [NETWORK, withTargets({ name: 'db8', behind: ['r3.0'] })].map((json) => {
      const network = simulate(parseScenario(json), { seed: 5 });
      return [1, 2, 3, 4, 5].map((ttl) => network.probe({ ttl }));
    });
    expect(joined).toEqual(bare);
  });
});

describe('ways to a host', () => {
  const NEXT = new Map([
    ['source', ['a', 'b']],
    ['a', ['c', 'd']],
    ['b', ['d']],
    ['c', []],
    ['d', []],
  ]);

  test('lead over every neighbour that gets there, and over no other', () => {
    const ways = waysTo(NEXT, new Set(['c']));
    expect(ways.get('source')).toEqual(['a']);
    expect(ways.get('a')).toEqual(['c']);
    expect(ways.get('b')).toEqual([]);
  });

  test('end at the first node that is joined to it', () => {
    expect(waysTo(NEXT, new Set(['a', 'd'])).get('a')).toEqual([]);
    expect(waysTo(NEXT, new Set(['a', 'd'])).get('source')).toEqual(['a', 'b']);
  });
});
