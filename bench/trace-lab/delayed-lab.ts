/** A lab whose source is far away: what leaves it and what comes back is held up on its link. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOURCE } from '../../src/sim/topology.ts';
import { configure } from '../../test/lab/lab-nuisances.ts';
import type { NamespaceLab } from '../../test/lab/namespace-lab.ts';

/** Nobody's: locally administered. */
const WIRE_ADDRESS = '02:fa:ff:ff:00:01';
const BRIDGE_SOURCE = fileURLToPath(new URL('./delay-bridge.c', import.meta.url));

/**
 * Delays the source's only link, each way, in IPv4. Needs a C compiler, as timers of JavaScript are
 * no finer than what is measured.
 */
export async function delayLink(lab: NamespaceLab, delayUs: number): Promise<void> {
  const link = lab.plan.links.find(({ near }) => near === SOURCE);
  const router = lab.plan.routers.find(({ name }) => name === link?.far);
  if (link === undefined || router === undefined) throw new RangeError('no link to delay');
  const device = `to-${SOURCE}`;
  const own = await lab.exec(SOURCE, ['cat', `/sys/class/net/to-${router.name}/address`]);
  const [near, far] = [link.nearAddress[4], link.farAddress[4]];
  await configure(lab, router.name, [
    `mac=$(cat /sys/class/net/${device}/address)`,
    `ip link set ${device} down`,
    `ip link set ${device} name wire`,
    'ip address flush dev wire',
    `ip link set wire address ${WIRE_ADDRESS}`, // else the router takes what is on the wire
    `ip link add ${device} address $mac type veth peer name delayed`,
    `ip link set ${device} addrgenmode none up`,
    'ip link set wire addrgenmode none up',
    'ip link set delayed addrgenmode none up',
    `ip address add ${far}/30 dev ${device}`,
    `ip neigh replace ${near} lladdr ${own.stdout.trim()} dev ${device} nud permanent`,
    `ip route replace ${lab.plan.source[4]} via ${near} dev ${device} src ${router.address[4]}`,
  ]);
  await startBridge(lab, router.name, delayUs);
}

async function startBridge(lab: NamespaceLab, node: string, delayUs: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-bridge-'));
  try {
    const program = path.join(folder, 'delay-bridge');
    execFileSync('cc', ['-O2', '-o', program, BRIDGE_SOURCE]);
    const child = lab.spawn(node, [program, 'wire', 'delayed', String(delayUs)]);
    const isReady = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      once(child, 'close').then(() => false),
    ]);
    if (!isReady) throw new Error('the delay bridge did not start');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
