/** How long the program takes from its start until its first probe is on the wire. */

import { once } from 'node:events';
import type { IpFamily } from '../src/lib/ip-address.ts';
import { SOURCE } from '../src/sim/topology.ts';
import { isolateArgv } from '../test/lab/isolate-run.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';

const FABRIC = { fabric: { widths: [1, 4, 4, 1] } };
/** Says when it is about to become the program: what starts it is not to be measured. */
const STAMP = 'date +%s.%N; exec "$@"';
const BRIEF = ['--max-time', '0.2s'];

/** Milliseconds of each of `runs` starts, in order. */
export async function measureStarts(family: IpFamily, runs: number): Promise<number[]> {
  const { lab } = await labFor(FABRIC, { family });
  try {
    const startsMs: number[] = [];
    for (let i = 0; i < runs; i++) startsMs.push(await measureStart(lab));
    return startsMs;
  } finally {
    await lab.close();
  }
}

async function measureStart(lab: NamespaceLab): Promise<number> {
  const { family, links, target } = lab.plan;
  const device = `to-${links.find(({ near }) => near === SOURCE)?.far}`;
  const options = ['-i', device, '-n', '-tt', '-c', '1', '-l', '--immediate-mode'];
  const sniffer = lab.spawn(SOURCE, ['tcpdump', ...options, `dst host ${target.address[family]}`]);
  let seen = '';
  sniffer.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    seen += chunk;
  });
  await once(sniffer.stderr, 'data'); // it is listening
  const argv = ['sh', '-c', STAMP, 'sh', ...isolateArgv(lab.plan, { flags: BRIEF })];
  const [{ stdout }] = await Promise.all([lab.exec(SOURCE, argv), once(sniffer, 'close')]);
  return 1000 * (Number.parseFloat(seen) - Number.parseFloat(stdout));
}
