/** Raw sockets of this host with source ports that nobody else can get while they are open. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { HostTimeline, type Timeline } from '../timeline.ts';
import type { RawLink } from './raw-link.ts';
import type { LinkProtocol, RawLinkOptions } from './raw-link-options.ts';

/** Which source ports to reserve. */
export interface WantedPorts {
  readonly family: IpFamily;
  readonly protocol: LinkProtocol;
  /** The first of `count`, ports in use left out … */
  readonly first: number;
  readonly count: number;
  /** … or these and no others. */
  readonly given?: readonly number[] | undefined;
}

/** An open link, the time that it lives in, and the ports that belong to it. */
export interface ReservedLink {
  readonly link: RawLink;
  readonly timeline: Timeline;
  readonly ports: readonly number[];
  readonly skippedPorts: readonly number[];
  close(): void;
}

/**
 * Reserves ports and opens a link for them. The code that talks to the kernel is loaded here, so
 * that simulations never need it.
 *
 * @param optionsFor what the link is to be like, given the ports
 * @throws {HostError} when a right or free source ports are missing; what `optionsFor` throws
 */
export async function openReservedLink(
  { family, protocol, first, count, given }: WantedPorts,
  optionsFor: (ports: readonly number[]) => Omit<RawLinkOptions, 'family' | 'ports' | 'onReadable'>,
): Promise<ReservedLink> {
  const [{ openRawLink }, { reserveGivenPorts, reservePorts }] = await Promise.all([
    import('./raw-link.ts'),
    import('../host/reserved-ports.ts'),
  ]);
  // What has no ports needs none: the numbers are free to anybody.
  const transports = protocol === 'icmp' ? [] : [protocol];
  const reserved =
    given === undefined
      ? reservePorts({ family, first, count, transports })
      : reserveGivenPorts(given, { family, transports });
  const timeline = new HostTimeline();
  try {
    const { ports } = reserved;
    const link = openRawLink({
      ...optionsFor(ports),
      family,
      protocols: [protocol],
      ports: { low: Math.min(...ports), high: Math.max(...ports) },
      onReadable: () => timeline.wake(),
    });
    const close = (): void => {
      link.close();
      reserved.close();
    };
    return { link, timeline, ports, skippedPorts: reserved.skipped, close };
  } catch (error) {
    reserved.close();
    throw error;
  }
}
