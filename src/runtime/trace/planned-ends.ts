/** Where a measurement would go and come from, for plans: nothing is opened for it. */

import { parseIpAddress } from '../../lib/ip-address.ts';
import { type Ends, type EndsRequest, hostEnds } from './trace-flow.ts';

/**
 * Both ends, on the network of this host or on a simulated one.
 *
 * @param simulate a shipped scenario by its name, or a file
 * @throws as the measurement itself: no such host, no route, no such scenario
 */
export async function plannedEnds(
  target: string,
  { simulate, ...request }: EndsRequest & { readonly simulate?: string | undefined },
): Promise<Ends> {
  if (simulate === undefined) return hostEnds(target, request);
  const [{ loadScenario }, { planNetwork }] = await Promise.all([
    import('../scenario-files.ts'),
    import('../../sim/network-plan.ts'),
  ]);
  const { family } = request;
  const plan = planNetwork(loadScenario(simulate).scenario, family === undefined ? {} : { family });
  return {
    source: bytesOf(plan.source[plan.family]),
    destination: bytesOf(plan.target.address[plan.family]),
  };
}

function bytesOf(text: string): Uint8Array {
  const address = parseIpAddress(text);
  if (address === undefined) throw new RangeError(`a plan has the address ${text}`);
  return address;
}
