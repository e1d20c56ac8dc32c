/** The gateway that all targets of a sweep have in common, for probes that pass routing by. */

import { setTimeout } from 'node:timers/promises';
import type { AddressSet } from '../../lib/address-ranges.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { NextHop } from '../../native/frame-sender.ts';
import { askForNeighbour, linkAddressOf, type Neighbour } from '../../native/neighbour-lookup.ts';
import { RouteLookup } from '../../native/route-lookup.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { HostError } from './host-error.ts';

/** Targets whose routes are looked at, evenly over all: the kernel takes some 10 µs for each. */
const SAMPLES = 1024;
/** As long as the kernel asks for a neighbour before it gives up. */
const PATIENCE_MS = 3000;
const LOOK_MS = 20;
const ETHERNET_BYTES = 6;

/**
 * Finds the gateway, and its address on the link.
 *
 * @throws {HostError} USAGE when targets have several gateways, or are on the link themselves;
 *   NO_ROUTE when the gateway does not answer
 */
export async function sharedNextHop(targets: AddressSet, source: Uint8Array): Promise<NextHop> {
  const gateway = sharedGateway(targets, source);
  let neighbour = linkAddressOf(gateway);
  const deadlineMs = performance.now() + PATIENCE_MS;
  if (neighbour === undefined) askForNeighbour(gateway);
  while (neighbour === undefined && performance.now() < deadlineMs) {
    await setTimeout(LOOK_MS);
    neighbour = linkAddressOf(gateway);
  }
  const shown = formatIpAddress(gateway.address);
  if (neighbour === undefined) {
    throw new HostError(
      'NO_ROUTE',
      `the gateway ${shown} does not say where it is: look at \`ip neighbour\``,
    );
  }
  if (neighbour.length !== ETHERNET_BYTES) {
    throw refusal(`the device towards the gateway ${shown} is no Ethernet`);
  }
  return { device: gateway.device, neighbour };
}

function sharedGateway(targets: AddressSet, source: Uint8Array): Neighbour {
  const lookup = new RouteLookup();
  try {
    const destination = new Uint8Array(source.length);
    const samples = Math.min(SAMPLES, targets.size);
    let shared: Neighbour | undefined;
    for (let i = 0; i < samples; i++) {
      const last = samples > 1 ? (targets.size - 1) / (samples - 1) : 0;
      targets.writeAddress(Math.floor(i * last), destination, 0);
      const { gateway, device } = lookup.ask({ destination, source });
      const shown = formatIpAddress(destination);
      if (gateway === undefined) throw refusal(`${shown} is behind no gateway`);
      const address = Uint8Array.from(gateway);
      shared ??= { address, device };
      if (`${address}` !== `${shared.address}` || device !== shared.device) {
        const [one, other] = [shared.address, address].map(formatIpAddress);
        throw refusal(`${shown} has the gateway ${other}, targets before it have ${one}`);
      }
    }
    if (shared === undefined) throw refusal('there are no targets');
    return shared;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new HostError('NO_ROUTE', `no route to all of the targets (${error.message})`, error);
  } finally {
    lookup.close();
  }
}

function refusal(reason: string): HostError {
  const message = `packet sockets hand all probes to one gateway, but ${reason}: use raw sockets`;
  return new HostError('USAGE', message);
}
