import { describe, expect, test } from 'vitest';
import { ScenarioError } from './json-fields.ts';
import { parseScenario } from './scenario.ts';
import { type ProbeAnswer, type SimulatedNetwork, simulate } from './simulated-network.ts';

const CHAIN = {
  shows: 'a chain',
  fabric: { widths: [1, 1] },
  linkDelayMs: 2,
  truth: { verdict: 'no-loss' },
};
const FAMILIES = [4, 6] as const;

function chain(traits: object = {}, options?: Parameters<typeof simulate>[1]): SimulatedNetwork {
  return simulate({ ...CHAIN, ...traits }, options);
}

describe.each(FAMILIES)('one probe over IPv%i', (family) => {
  const ROWS: { shows: string; probe: object; answer: Partial<ProbeAnswer> }[] = [
    { shows: 'a SYN', probe: {}, answer: { kind: 'reset', node: 'target', roundTripMs: 12 } },
    {
      shows: 'a long SYN',
      probe: { lengthBytes: 500 },
      answer: { kind: 'reset', node: 'target', replyTtl: 62 },
    },
    {
      shows: 'a low TTL',
      probe: { ttl: 1 },
      answer: { kind: 'time-exceeded', node: 'r1.0', roundTripMs: 4, replyTtl: 255, mtu: 0 },
    },
    { shows: 'UDP', probe: { protocol: 'udp' }, answer: { kind: 'unreachable', node: 'target' } },
    { shows: 'UDP, low TTL', probe: { protocol: 'udp', ttl: 2 }, answer: { node: 'r2.0' } },
    { shows: 'an echo', probe: { protocol: 'icmp' }, answer: { kind: 'echo-reply' } },
    { shows: 'an echo, low TTL', probe: { protocol: 'icmp', ttl: 1 }, answer: { node: 'r1.0' } },
  ];

  test.each(ROWS)('of $shows', ({ probe, answer }) => {
    expect(chain({}, { family }).probe(probe)).toMatchObject(answer);
  });

  test('to an open port', () => {
    expect(chain({ target: { answer: 'accept' } }, { family }).probe()?.kind).toBe('syn-ack');
  });
});

test('time moves on with answers, timeouts and sleep, and with nothing else', () => {
  const network = chain({ target: { answer: 'drop' } });
  network.probe({ ttl: 1 });
  expect(network.nowMs).toBe(4);
  expect(network.probe({ timeoutMs: 250 })).toBeUndefined();
  expect(network.nowMs).toBe(254);
  network.sleep(0.5);
  network.pathOf();
  expect(network.nowMs).toBe(254.5);
});

test('an answer that comes too late is not taken for that of the next probe', () => {
  const network = chain();
  expect(network.probe({ timeoutMs: 5 })).toBeUndefined();
  const next = network.probe({ ttl: 1 });
  expect(next).toMatchObject({ kind: 'time-exceeded', node: 'r1.0', roundTripMs: 4 });
});

test('nor is an error that comes too late', () => {
  const network = chain();
  expect(network.probe({ ttl: 2, timeoutMs: 5 })).toBeUndefined(); // due after 8 ms
  expect(network.probe({ ttl: 1 })).toMatchObject({ node: 'r1.0', roundTripMs: 4 });
});

test('the same seed gives the same run, another one another', () => {
  const faults = [{ router: 'r1.0', forwardLoss: '40%' }];
  const fates = (seed: number) => {
    const network = chain({ faults }, { seed });
    return Array.from({ length: 64 }, () => network.probe({ timeoutMs: 20 }) === undefined);
  };
  expect(fates(1)).toEqual(fates(1));
  expect(fates(1)).not.toEqual(fates(2));
});

test('a scenario, its JSON and the text of its file make the same network', () => {
  const forms = [CHAIN, JSON.stringify(CHAIN), parseScenario(CHAIN)];
  expect(forms.map((form) => simulate(form).plan)).toEqual(forms.map(() => chain().plan));
});

test('what is no scenario is refused with its path', () => {
  expect(() => chain({ fabric: { widths: 4 } })).toThrow(ScenarioError);
  expect(() => chain({ fabric: { widths: 4 } })).toThrow('fabric.widths: must be an array');
  expect(() => simulate('[]')).toThrow('the scenario: must be an object');
});

test.each([
  [{ ttl: 0 }, 'ttl must be a whole number from 1 to 255, got 0'],
  [{ tos: 256 }, 'tos must be'],
  [{ sourcePort: -1 }, 'sourcePort must be'],
  [{ port: 1.5 }, 'port must be'],
  [{ lengthBytes: 39 }, 'lengthBytes must be a whole number from 40 to 1500'],
  [{ protocol: 'icmp', lengthBytes: 31 }, 'lengthBytes must be a whole number from 32'],
] as const)('%j is a mistake of the caller', (probe, says) => {
  expect(() => chain().probe(probe)).toThrow(says);
});

test('time does not run backwards', () => {
  expect(() => chain().sleep(-1)).toThrow('durationMs must be 0 or more, got -1');
  expect(() => chain().sleep(Number.NaN)).toThrow(RangeError);
  expect(() => chain().probe({ timeoutMs: -1 })).toThrow('timeoutMs must be 0 or more, got -1');
  expect(() => chain().probe({ timeoutMs: Number.NaN })).toThrow(RangeError);
});

test('a text that is no JSON is no scenario', () => {
  expect(() => simulate('{"shows":')).toThrow(ScenarioError);
  expect(() => simulate('{"shows":')).toThrow('the scenario: is not JSON: ');
});
