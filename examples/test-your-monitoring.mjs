// @ts-nocheck: types of fantrace/sim are there only after a build.
/**
 * Tests somebody else's loss monitor against simulated networks: no root, no network, no waiting,
 * since time is virtual. Run it with `node --test examples/test-your-monitoring.mjs` after
 * `npm run build`.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from 'fantrace/sim';

/**
 * The monitor under test stands for yours: it pings every second from a few ports, and raises an
 * alarm once a flow has lost three of its last ten pings. It is given what it needs of the outside
 * world, so that a test can hand it a simulated one.
 *
 * @param {{ ping: (port: number) => boolean, sleep: (ms: number) => void }} world
 * @param {{ ports: readonly number[], seconds: number }} task
 * @returns {{ port: number, atSecond: number }[]} the alarms, at most one for each port
 */
function monitor({ ping, sleep }, { ports, seconds }) {
  const histories = new Map(ports.map((port) => [port, []]));
  const alarms = [];
  for (let second = 0; second < seconds; second++) {
    for (const [port, history] of histories) {
      history.push(ping(port));
      if (history.length > 10) history.shift();
      const lost = history.filter((isAnswered) => !isAnswered).length;
      if (lost < 3 || alarms.some((alarm) => alarm.port === port)) continue;
      alarms.push({ port, atSecond: second });
    }
    sleep(1000);
  }
  return alarms;
}

const PORTS = Array.from({ length: 16 }, (_, i) => 40_000 + i);

/** A simulated network as the world of the monitor. */
function worldOf(network) {
  return {
    ping: (port) => network.probe({ sourcePort: port, timeoutMs: 50 }) !== undefined,
    sleep: (ms) => network.sleep(ms),
  };
}

function fabricWith(traits) {
  return simulate({
    shows: 'a fabric of ten routers',
    fabric: { widths: [1, 4, 4, 1] },
    truth: { verdict: 'inconclusive' },
    ...traits,
  });
}

await test('a healthy network raises no alarm in an hour', () => {
  const network = fabricWith({});
  assert.deepEqual(monitor(worldOf(network), { ports: PORTS, seconds: 3600 }), []);
});

await test('a black hole on one link is noticed, for the flows that cross it and no others', () => {
  const network = fabricWith({ faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 1 }] });
  const alarms = monitor(worldOf(network), { ports: PORTS, seconds: 60 });
  const crossing = PORTS.filter((port) => network.pathOf({ sourcePort: port }).includes('r2.1'));
  assert.ok(crossing.length > 0 && crossing.length < PORTS.length);
  assert.deepEqual(
    alarms.map(({ port }) => port),
    crossing,
  );
});

await test('a fault that begins after a minute is noticed within ten seconds', () => {
  const faults = [{ router: 'r1.0', forwardLoss: 1, fromMs: 60_000 }];
  const alarms = monitor(worldOf(fabricWith({ faults })), { ports: PORTS, seconds: 120 });
  assert.equal(alarms.length, PORTS.length);
  for (const { atSecond } of alarms) assert.ok(atSecond >= 60 && atSecond <= 70, `${atSecond}`);
});

await test('routers that limit their ICMP errors do not concern a monitor of the target', () => {
  const routers = { 'r2.1': { silent: true }, 'r3.0': { icmpLimit: { perSecond: 1, burst: 1 } } };
  const network = fabricWith({ routers });
  assert.deepEqual(monitor(worldOf(network), { ports: PORTS, seconds: 600 }), []);
});
