import { describe, expect, test } from 'vitest';
import { scenarioOf } from '../../../test/support/simulated-isolation.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import { openSimulatedNetwork } from './network.ts';

const SCENARIO = scenarioOf({ fabric: { widths: [1] }, target: { port: 8443, answer: 'accept' } });
const PORTS = { sourcePort: 50_000, flows: 3 };

describe('a simulated network', () => {
  test('has the scenario’s ends and port, and one source port for each flow', () => {
    const network = openSimulatedNetwork(SCENARIO, PORTS, { seed: 1 });
    expect(formatIpAddress(network.source)).toBe('10.100.0.1');
    expect(formatIpAddress(network.destinations[0] as Uint8Array)).toBe('10.200.0.1');
    expect(network).toMatchObject({
      port: 8443,
      sourcePorts: [50_000, 50_001, 50_002],
      skippedPorts: [],
      notes: [],
    });
    expect(network.link.counters().socketDrops).toBe(0);
  });

  test('may be probed in the other family and at another port', () => {
    const network = openSimulatedNetwork(SCENARIO, PORTS, { family: 6, port: 25, seed: 1 });
    expect(formatIpAddress(network.source)).toBe('fdec:100::1');
    expect(formatIpAddress(network.destinations[0] as Uint8Array)).toBe('fdec:200::1');
    expect(network.port).toBe(25);
  });

  test('has the token key of its seed', () => {
    const keyOf = (seed: number) => openSimulatedNetwork(SCENARIO, PORTS, { seed }).tokenKey;
    expect(keyOf(1)).toEqual(keyOf(1));
    expect(keyOf(1)).not.toEqual(keyOf(2));
    expect(keyOf(1)).toHaveLength(4);
  });

  test('takes no packets once it is closed', () => {
    const network = openSimulatedNetwork(SCENARIO, PORTS, { seed: 1 });
    network.close();
    network.link.outbox.lengths[0] = 40;
    expect(network.link.send(1, 0)).toEqual({ accepted: 0, error: 'EBADF' });
  });
});
