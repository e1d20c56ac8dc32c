/** The gateway that all targets of a sweep have in common, for probes that pass routing by. */

import { setTimeout } from 'node:timers/promises';
import type { AddressSet } from '../../lib/address-ranges.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { NextHop } from '../../native/frame-sender.ts';
import {
  askForNeighbour,
  type Neighbour,
  neighbourEntryOf,
} from '../../native/neighbour-lookup.ts';
import { RouteLookup } from '../../native/route-lookup.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { HostError } from './host-error.ts';

/** Targets whose routes are looked at, evenly over all: the kernel takes some 10 µs for each. */
const SAMPLES = 1024;
/** As long as the kernel asks for a neighbour before it gives up. */
const PATIENCE_MS = 3000;
const LOOK_MS = 20;
const ETHERNET_BYTES = 6;

/** How often the gateway's address on the link is looked up: so much is lost when it moves. */
const FOLLOW_MS = 500;

/** The gateway, and its address on the link as the kernel has it while probes are sent. */
export class Gateway implements NextHop {
  readonly device: number;
  readonly neighbour: Uint8Array;
  /** How often it has moved. */
  moves = 0;
  readonly #at: Neighbour;
  readonly #timer: NodeJS.Timeout;

  /** @param neighbour where it is by now */
  constructor(at: Neighbour, neighbour: Uint8Array) {
    this.device = at.device;
    this.neighbour = neighbour;
    this.#at = at;
    this.#timer = setInterval(() => this.#look(), FOLLOW_MS).unref();
  }

  /** Sentences on what happened to it. */
  notes(): string[] {
    if (this.moves === 0) return [];
    const times = this.moves === 1 ? 'once' : `${this.moves} times`;
    const shown = formatIpAddress(this.#at.address);
    return [
      `the gateway ${shown} changed its address on the link ${times}: probes were lost there`,
    ];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * A gateway that takes over from another says so. For those that do not, the kernel asks, once it
   * has something to send there itself: packet sockets pass its table by.
   */
  #look(): void {
    try {
      const entry = neighbourEntryOf(this.#at);
      if (entry === undefined || entry.isStale) askForNeighbour(this.#at);
      const now = entry?.linkAddress;
      if (now?.length !== this.neighbour.length || `${now}` === `${this.neighbour}`) return;
      this.neighbour.set(now);
      this.moves++;
    } catch (error) {
      // Such as a device that went away, which sending tells of by itself; it may come back.
      if (!(error instanceof SystemCallError)) throw error;
    }
  }
}

/**
 * Finds the gateway, and its address on the link; to be closed when nothing more is sent.
 *
 * @throws {HostError} USAGE when targets have several gateways, or are on the link themselves;
 *   NO_ROUTE when the gateway does not answer
 */
export async function sharedNextHop(targets: AddressSet, source: Uint8Array): Promise<Gateway> {
  const gateway = sharedGateway(targets, source);
  let entry = neighbourEntryOf(gateway);
  const deadlineMs = performance.now() + PATIENCE_MS;
  if (entry === undefined) askForNeighbour(gateway);
  while (entry === undefined && performance.now() < deadlineMs) {
    await setTimeout(LOOK_MS);
    entry = neighbourEntryOf(gateway);
  }
  const shown = formatIpAddress(gateway.address);
  if (entry === undefined) {
    throw new HostError(
      'NO_ROUTE',
      `the gateway ${shown} does not say where it is: look at \`ip neighbour\``,
    );
  }
  if (entry.linkAddress.length !== ETHERNET_BYTES) {
    throw refusal(`the device towards the gateway ${shown} is no Ethernet`);
  }
  return new Gateway(gateway, entry.linkAddress);
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
