import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { flowRequests, probedFlows, trafficClasses } from './probed-flows.ts';

const TARGETS = [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 2)];
const V4 = {
  source: Uint8Array.of(192, 0, 2, 9),
  destinations: TARGETS.slice(0, 1),
  port: 22,
  sourcePorts: [5000, 5001],
};
const V6 = {
  ...V4,
  source: new Uint8Array(16).fill(9),
  destinations: [new Uint8Array(16).fill(1)],
};
const CLASSES = [{ tos: 0 }, { tos: 184, packetBytes: 1400 }];

describe('the flows of a run', () => {
  test('are all ports of the first class, then all of the next', () => {
    expect(probedFlows(V4, { classes: CLASSES })).toEqual([
      { sourcePort: 5000, targetIndex: 0, classIndex: 0 },
      { sourcePort: 5001, targetIndex: 0, classIndex: 0 },
      { sourcePort: 5000, targetIndex: 0, classIndex: 1 },
      { sourcePort: 5001, targetIndex: 0, classIndex: 1 },
    ]);
  });

  test('go to one target after the other in each class', () => {
    const flows = probedFlows({ ...V4, destinations: TARGETS }, { classes: CLASSES });
    expect(flows.map(({ targetIndex }) => targetIndex)).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    const requests = flowRequests(
      { ...V4, destinations: TARGETS },
      { tos: 0, classes: CLASSES },
      new Random(1),
    );
    expect(requests.map(({ destination }) => destination)).toEqual(
      flows.map(({ targetIndex }) => TARGETS[targetIndex]),
    );
  });

  test('are as short as the protocol permits unless told', () => {
    const shortest = (['tcp', 'udp', 'icmp'] as const).map((protocol) =>
      ([4, 6] as const).map(
        (family) => trafficClasses({ tos: 0, protocol }, family)[0]?.packetBytes,
      ),
    );
    expect(shortest).toEqual([
      [40, 60],
      [34, 54],
      [34, 54],
    ]);
    expect(trafficClasses({ tos: 9, classes: CLASSES }, 4)).toEqual([
      { tos: 0, packetBytes: 40 },
      { tos: 184, packetBytes: 1400 },
    ]);
  });

  test('have one flow label for each port in all classes, or one for all, as asked', () => {
    const labels = (options: Parameters<typeof flowRequests>[1]) =>
      flowRequests(V6, options, new Random(1)).map(({ flowLabel }) => flowLabel);
    const varied = labels({ tos: 0, classes: CLASSES });
    expect(varied.slice(2)).toEqual(varied.slice(0, 2));
    expect(new Set(varied).size).toBe(2);
    expect(labels({ tos: 0, classes: CLASSES, flowLabel: 7 })).toEqual([7, 7, 7, 7]);
  });

  test('of ICMP have the port in the place of the checksum, as balancers hash that', () => {
    const ports = (protocol: 'udp' | 'icmp') =>
      flowRequests(V4, { tos: 0, protocol }, new Random(1)).map((flow) => flow.destinationPort);
    expect(ports('icmp')).toEqual([5000, 5001]);
    expect(ports('udp')).toEqual([22, 22]);
  });
});
