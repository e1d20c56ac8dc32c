/** The gateways of the targets of a sweep, for probes that pass routing by. */

import { setTimeout } from 'node:timers/promises';
import type { AddressSet } from '../../lib/address-ranges.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { NextHop, NextHops } from '../../native/frame-sender.ts';
import {
  askForNeighbour,
  type Neighbour,
  neighbourEntryOf,
} from '../../native/neighbour-lookup.ts';
import { RouteLookup } from '../../native/route-lookup.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { type GatewayPart, partsByGateway } from './gateway-parts.ts';
import { HostError } from './host-error.ts';

/** As long as the kernel asks for a neighbour before it gives up. */
const PATIENCE_MS = 3000;
const LOOK_MS = 20;
const ETHERNET_BYTES = 6;

/** How often the gateway's address on the link is looked up: so much is lost when it moves. */
const FOLLOW_MS = 500;

/** The gateway, and its address on the link as the kernel has it while probes are sent. */
class Gateway implements NextHop {
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

/** The gateways of all targets, each as `Gateway`. */
export class Gateways implements NextHops {
  readonly hops: readonly Gateway[];
  readonly #targets: AddressSet;
  /** Numbers of the targets from which on another gateway is used, in order. */
  readonly #from: readonly number[];
  /** Those, as places in `hops`. */
  readonly #hopOf: readonly number[];

  /** @param parts in order, with the gateways in `hops` */
  constructor(
    targets: AddressSet,
    hops: readonly Gateway[],
    parts: readonly (GatewayPart & { readonly hop: number })[],
  ) {
    this.hops = hops;
    this.#targets = targets;
    this.#from = parts.map(({ first }) => first);
    this.#hopOf = parts.map(({ hop }) => hop);
  }

  choose(bytes: Uint8Array, at: number): number {
    const number = this.#targets.numberOf(bytes, at);
    let part = this.#from.length - 1;
    while (part > 0 && (this.#from[part] as number) > number) part--;
    return this.#hopOf[part] as number;
  }

  /** Sentences on what happened to them. */
  notes(): string[] {
    return this.hops.flatMap((gateway) => gateway.notes());
  }

  close(): void {
    for (const gateway of this.hops) gateway.close();
  }
}

/**
 * Finds the gateways, and their addresses on the link; to be closed when nothing more is sent.
 *
 * @throws {HostError} USAGE when targets are on the link themselves, or divided among gateways one
 *   by one; NO_ROUTE when a gateway does not answer
 */
export async function gatewaysTo(targets: AddressSet, source: Uint8Array): Promise<Gateways> {
  const parts = routedParts(targets, source);
  const keys = [...new Set(parts.map(({ gateway }) => keyOf(gateway)))];
  const hops: Gateway[] = [];
  try {
    for (const key of keys) {
      const part = parts.find(({ gateway }) => keyOf(gateway) === key) as GatewayPart;
      hops.push(await opened(part.gateway));
    }
  } catch (error) {
    for (const gateway of hops) gateway.close();
    throw error;
  }
  const placed = parts.map((part) => ({ ...part, hop: keys.indexOf(keyOf(part.gateway)) }));
  return new Gateways(targets, hops, placed);
}

/** Asks for its address on the link, as long as the kernel does. */
async function opened(gateway: Neighbour): Promise<Gateway> {
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

function routedParts(targets: AddressSet, source: Uint8Array): GatewayPart[] {
  const lookup = new RouteLookup();
  const destination = new Uint8Array(source.length);
  try {
    const parts = partsByGateway(targets.size, (target) => {
      targets.writeAddress(target, destination, 0);
      const { gateway, device } = lookup.ask({ destination, source });
      if (gateway !== undefined) return { address: Uint8Array.from(gateway), device };
      throw refusal(`${formatIpAddress(destination)} is behind no gateway`);
    });
    if (typeof parts !== 'number') return parts;
    targets.writeAddress(parts, destination, 0);
    const shown = formatIpAddress(destination);
    throw refusal(`the kernel divides targets among several, one by one (such as ${shown})`);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new HostError('NO_ROUTE', `no route to all of the targets (${error.message})`, error);
  } finally {
    lookup.close();
  }
}

function keyOf({ address, device }: Neighbour): string {
  return `${address} ${device}`;
}

function refusal(reason: string): HostError {
  const message = `packet sockets hand probes to gateways, but ${reason}: use raw sockets`;
  return new HostError('USAGE', message);
}
