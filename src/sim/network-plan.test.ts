import { expect, test } from 'vitest';
import { formatIpAddress, parseIpAddress } from '../lib/ip-address.ts';
import {
  answeringAddresses,
  farAnsweringAddress,
  type NetworkPlan,
  nodeOfAddress,
  planNetwork,
} from './network-plan.ts';
import { parseScenario } from './scenario.ts';
import { LINKS_MAX } from './scenario-links.ts';

function plan(widths: readonly number[], overrides?: { family: 4 | 6 }): NetworkPlan {
  const truth = { verdict: 'no-loss' };
  return planNetwork(parseScenario({ shows: 'addresses', fabric: { widths }, truth }), overrides);
}

test('the largest network has an address of its own for every interface and node', () => {
  const large = plan([255, 255, 1]); // 255 + 255² + 255 + 1 links
  expect(large.links.length).toBe(LINKS_MAX);
  const nodes = nodeOfAddress(large);
  expect(nodes.size).toBe(2 * (2 + large.routers.length + 2 * large.links.length));
  const canonical = (text: string) => formatIpAddress(parseIpAddress(text) ?? new Uint8Array(4));
  expect([...nodes.keys()].filter((text) => canonical(text) !== text)).toEqual([]);
});

test('links and routers are numbered in the order of the scenario', () => {
  const { links, routers, source, target } = plan([1, 64, 1]);
  expect(links[0]).toMatchObject({
    nearAddress: { 4: '10.1.0.1', 6: 'fdec:1::1' },
    farAddress: { 4: '10.1.0.2', 6: 'fdec:1::2' },
  });
  expect(links[65]).toMatchObject({
    nearAddress: { 4: '10.2.1.1', 6: 'fdec:1:0:41::1' },
    farAddress: { 4: '10.2.1.2', 6: 'fdec:1:0:41::2' },
  });
  expect(routers[2]?.address).toEqual({ 4: '10.254.0.3', 6: 'fdec:254::3' });
  expect([source[4], target.address[4]]).toEqual(['10.100.0.1', '10.200.0.1']);
  expect([source[6], target.address[6]]).toEqual(['fdec:100::1', 'fdec:200::1']);
});

test('routers answer from the ingress link in IPv4 and from their own address in IPv6', () => {
  const four = plan([1, 2, 1]);
  expect(answeringAddresses(four, 'r3.0')).toEqual(['10.1.3.2', '10.1.4.2']);
  expect(farAnsweringAddress(four, { near: 'r2.1', far: 'r3.0' })).toBe('10.1.4.2');
  expect(farAnsweringAddress(four, { near: 'r3.0', far: 'target' })).toBe('10.200.0.1');
  const six = plan([1, 2, 1], { family: 6 });
  expect(answeringAddresses(six, 'r3.0')).toEqual(['fdec:254::4']);
  expect(answeringAddresses(six, 'target')).toEqual(['fdec:200::1']);
});

test('overrides replace family and seed', () => {
  const scenario = parseScenario({
    shows: 'overrides',
    seed: 7,
    fabric: { widths: [1] },
    truth: { verdict: 'no-loss' },
  });
  expect(planNetwork(scenario)).toMatchObject({ family: 4, seed: 7, errorSource: 'ingress' });
  const overrides = { family: 6, seed: 8 } as const;
  expect(planNetwork(scenario, overrides)).toMatchObject({ ...overrides, errorSource: 'router' });
});
