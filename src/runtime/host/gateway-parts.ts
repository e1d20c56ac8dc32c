/** Which parts of the targets of a sweep have which gateway, by few questions to the kernel. */

import type { Neighbour } from '../../native/neighbour-lookup.ts';

/** Targets in a row that have the same gateway. */
export interface GatewayPart {
  /** Number of the first of them. */
  readonly first: number;
  readonly gateway: Neighbour;
}

/** Targets whose routes are looked at, evenly over all: the kernel takes some 10 µs for each. */
const SAMPLES = 1024;
/** Routes are by prefixes, and so are parts; more of them are a choice by hash, one by one. */
const PARTS_MAX = 64;

/**
 * Divides targets 0 to `size` − 1. Between two samples with different gateways every border is
 * found; a part that is shorter than the way from one sample to the next may be missed.
 *
 * @param gatewayOf asks for that of one target
 * @returns the parts in order, or the first target of the part that was one too many
 */
export function partsByGateway(
  size: number,
  gatewayOf: (target: number) => Neighbour,
): GatewayPart[] | number {
  const parts: GatewayPart[] = [{ first: 0, gateway: gatewayOf(0) }];
  let known = 0;
  for (const next of samplesOf(size)) {
    const gateway = gatewayOf(next);
    for (;;) {
      const last = parts.at(-1) as GatewayPart;
      if (isSame(last.gateway, gateway)) break;
      const part = borderBetween(known, next, { last: last.gateway, gatewayOf });
      if (parts.length === PARTS_MAX) return part.first;
      parts.push(part);
      known = part.first;
    }
    known = next;
  }
  return parts;
}

/** In pairs of neighbours, so that a choice by hash is seen whatever the distance of the pairs. */
function* samplesOf(size: number): Generator<number> {
  const pairs = Math.min(SAMPLES / 2, size);
  const step = size / pairs;
  for (let pair = 0; pair < pairs; pair++) {
    const first = Math.floor(pair * step);
    yield first;
    if (first + 1 < size) yield first + 1;
  }
  yield size - 1;
}

/** The first target in (known, next] behind another gateway than the last of those before it. */
function borderBetween(
  known: number,
  next: number,
  { last, gatewayOf }: { last: Neighbour; gatewayOf: (target: number) => Neighbour },
): GatewayPart {
  let [inside, beyond] = [known, next];
  while (beyond - inside > 1) {
    const middle = Math.floor((inside + beyond) / 2);
    if (isSame(gatewayOf(middle), last)) inside = middle;
    else beyond = middle;
  }
  return { first: beyond, gateway: gatewayOf(beyond) };
}

function isSame(one: Neighbour, other: Neighbour): boolean {
  return one.device === other.device && `${one.address}` === `${other.address}`;
}
