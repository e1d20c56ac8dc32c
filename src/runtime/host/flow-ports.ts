/** Source ports for flows that come into use one by one: each belongs to this process from then. */

import type { IpFamily } from '../../lib/ip-address.ts';
import { HostError } from './host-error.ts';
import { type ReservedPorts, reservePorts } from './reserved-ports.ts';

/** Ports in use that are skipped, at most. */
const SKIPPED_MAX = 64;
const PORT_MAX = 65_535;

export interface FlowPortRequest {
  readonly family: IpFamily;
  /** ICMP has identifiers in place of ports, which nobody can reserve. */
  readonly protocol: 'udp' | 'tcp' | 'icmp';
  readonly first: number;
  readonly count: number;
}

/** The last port that such flows may take. */
export function lastPortOf({ first, count }: Pick<FlowPortRequest, 'first' | 'count'>): number {
  return Math.min(PORT_MAX, first + count - 1 + SKIPPED_MAX);
}

/** The ports of a run. */
export class FlowPorts {
  /** No port beyond this one is taken. */
  readonly last: number;
  readonly #request: FlowPortRequest;
  readonly #held: ReservedPorts[] = [];
  readonly #ports: number[] = [];

  constructor(request: FlowPortRequest) {
    this.#request = request;
    this.last = lastPortOf(request);
  }

  /** The port of a flow; undefined when none is left. */
  at(flow: number): number | undefined {
    while (this.#ports.length <= flow) {
      const port = this.#next();
      if (port === undefined) return undefined;
      this.#ports.push(port);
    }
    return this.#ports[flow];
  }

  close(): void {
    for (const held of this.#held.splice(0)) held.close();
  }

  #next(): number | undefined {
    const { family, protocol, first } = this.#request;
    const next = (this.#ports.at(-1) ?? first - 1) + 1;
    if (next > this.last) return undefined;
    if (protocol === 'icmp') return next;
    try {
      const held = reservePorts({ family, first: next, count: 1, transports: [protocol] });
      this.#held.push(held);
      const [port = PORT_MAX + 1] = held.ports;
      return port <= this.last ? port : undefined;
    } catch (error) {
      if (error instanceof HostError && error.code === 'PORTS_UNAVAILABLE') return undefined;
      throw error;
    }
  }
}
