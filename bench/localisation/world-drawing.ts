/**
 * Draws worlds. A world depends on its kind and seed alone.
 *
 * A fault is put on a place of its kind that `FLOWS_MIN` flows or more cross, or as many flows of
 * the hash bucket, each such place as likely; one on the way back where the target's replies of as
 * many flows pass. Fewer flows can hardly show a loss; where no place has as many, the fabric is
 * drawn anew.
 */

import { Random } from '../../src/lib/random.ts';
import { between, drawFabric, drawLayered, drawStock, type Fabric } from './fabric.ts';
import { type FaultKind, STOCK_KINDS, WORLD_KINDS } from './kinds.ts';
import {
  type Element,
  type Fault,
  isHit,
  passes,
  type RouterTraits,
  SOURCE,
  type World,
  type WorldAddress,
  type WorldFlow,
} from './world.ts';

export const ROUNDS = 22;
export const PLAN_SECONDS = 60;
const FLOWS = 256;
const FLOWS_MIN = 4;
const SILENT = 0.08;
const LIMITED = 0.22;
const LIMIT_SHARE = { min: 0.15, max: 0.95 };
const LIMIT_BURST = { min: 1, max: 50 };
const FLAKY = 0.05;
const FLAKY_ANSWERS = { min: 0.4, max: 0.98 };
const BASE_LOSS = 2e-5;
/** Linux: `icmp_ratelimit`, to each peer; the limit over all peers is far beyond what one asks. */
const STOCK_ROUTER: RouterTraits = {
  isSilent: false,
  answerRatio: 1,
  limit: { perSecond: 1, burst: 6 },
};
const STOCK_FLOWS = 64;
/** Their numbers begin here, so that other kinds may be appended. */
const STOCK_FIRST = 50;
/** Seeds of one kind stay clear of those of another. */
const KINDS_MAX = 100;

/** @throws {RangeError} for a kind that there is not */
export function drawWorld(kindName: string, seed: number): World {
  const number = WORLD_KINDS.findIndex(({ name }) => name === kindName);
  const stockNumber = STOCK_KINDS.findIndex(({ name }) => name === kindName);
  const kind = WORLD_KINDS[number] ?? STOCK_KINDS[stockNumber];
  if (kind === undefined) throw new RangeError(`there is no kind of world called ${kindName}`);
  const index = number < 0 ? STOCK_FIRST + stockNumber : number;
  const random = new Random(seed * KINDS_MAX + index);
  for (;;) {
    const healthy = kind.isStock
      ? withStockRouters(healthyOf(drawStock(random), STOCK_FLOWS, random))
      : healthyOf(drawFabric(random), FLOWS, random);
    const faults = drawFaults(healthy, kind.faults, random);
    if (faults !== undefined) {
      return { ...healthy, faults, name: `${kindName}:${seed}`, kind: kindName };
    }
  }
}

/** Every router as Linux is unless told otherwise. */
function withStockRouters(world: Healthy): Healthy {
  const routers = world.routers.map((router) => router && STOCK_ROUTER);
  return { ...world, routers };
}

/** A layered world of this size with one link that loses 5 %. */
export function drawSpeedWorld(size: { flows: number; ttls: number }, seed: number): World {
  const random = new Random(seed);
  for (;;) {
    const fabric = drawLayered(random, size.ttls);
    const healthy = healthyOf(fabric, size.flows, random);
    const faults = drawFaults(healthy, [{ at: 'link', lossRatio: 0.05 }], random);
    if (faults !== undefined) return { ...healthy, faults, name: `speed:${seed}`, kind: 'link-5' };
  }
}

type Healthy = Omit<World, 'name' | 'kind' | 'faults'>;

function healthyOf(fabric: Fabric, flowCount: number, random: Random): Healthy {
  const naming = random.below(2) === 0 ? 'ingress' : 'router';
  const routes = new Routes(fabric, random);
  const target = fabric.layers.at(-1)?.[0] ?? SOURCE;
  const addressOf = (cable: number): number => {
    const node = fabric.cables[cable]?.far ?? SOURCE;
    if (node === target) return naming === 'ingress' ? fabric.cables.length : target;
    return naming === 'ingress' ? cable : node;
  };
  const owners =
    naming === 'ingress'
      ? [...fabric.cables.map(({ far }) => far), target]
      : [...new Array(target + 1).keys()];
  const addresses = owners.map(
    (node): WorldAddress => ({ node, returnCables: routes.back(node, random.uint32()) }),
  );
  const flows = Array.from({ length: flowCount }, (): WorldFlow => {
    const cables = routes.forth(random.uint32());
    return {
      nodes: cables.map((cable) => fabric.cables[cable]?.far ?? SOURCE),
      cables,
      addresses: cables.map(addressOf),
      returnCables: routes.back(target, random.uint32()),
      hash: random.unit(),
    };
  });
  return {
    fabric: fabric.kind,
    naming,
    cables: fabric.cables,
    routers: drawRouters(target, flows, random),
    addresses,
    flows,
    baseLoss: BASE_LOSS,
  };
}

/** Per-flow balancing: every router hashes with a seed of its own. */
class Routes {
  readonly #fabric: Fabric;
  readonly #onwards = new Map<number, number[]>();
  readonly #backwards = new Map<number, number[]>();
  readonly #seeds: readonly number[];

  constructor(fabric: Fabric, random: Random) {
    this.#fabric = fabric;
    for (const [cable, { near, far }] of fabric.cables.entries()) {
      this.#onwards.set(near, [...(this.#onwards.get(near) ?? []), cable]);
      this.#backwards.set(far, [...(this.#backwards.get(far) ?? []), cable]);
    }
    this.#seeds = fabric.layers.flat().map(() => random.uint32());
  }

  /** Cables from the source to the target. */
  forth(flowHash: number): number[] {
    return this.#walk(SOURCE, flowHash, 'far');
  }

  /** Cables from a node to the source. */
  back(node: number, flowHash: number): number[] {
    return this.#walk(node, flowHash, 'near');
  }

  #walk(start: number, flowHash: number, end: 'near' | 'far'): number[] {
    const choices = end === 'far' ? this.#onwards : this.#backwards;
    const cables: number[] = [];
    let node = start;
    for (;;) {
      const choice = choices.get(node);
      if (choice === undefined) return cables;
      const hash = mixed(flowHash ^ (this.#seeds[node] ?? 0));
      const cable = choice[hash % choice.length] ?? 0;
      cables.push(cable);
      node = this.#fabric.cables[cable]?.[end] ?? SOURCE;
    }
  }
}

/** Spreads every bit of a 32-bit integer over all of them (Murmur3's finalizer). */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A router is silent, limited, flaky, or none of these. */
function drawRouters(
  target: number,
  flows: readonly WorldFlow[],
  random: Random,
): (RouterTraits | undefined)[] {
  const across = new Array<number>(target + 1).fill(0);
  for (const { nodes } of flows) for (const node of nodes) across[node] = (across[node] ?? 0) + 1;
  return across.map((count, node) => {
    const fate = random.unit();
    const isLimited = fate >= SILENT && fate < SILENT + LIMITED;
    const isFlaky = fate >= SILENT + LIMITED && fate < SILENT + LIMITED + FLAKY;
    const [share, burst] = [
      uniform(random, LIMIT_SHARE),
      between(random, LIMIT_BURST.min, LIMIT_BURST.max),
    ];
    const answerRatio = uniform(random, FLAKY_ANSWERS);
    if (node === SOURCE || node === target) return undefined;
    const perSecond = (share * count * ROUNDS) / PLAN_SECONDS;
    return {
      isSilent: fate < SILENT,
      answerRatio: isFlaky ? answerRatio : 1,
      limit: isLimited && count > 0 ? { perSecond, burst } : undefined,
    };
  });
}

function uniform(random: Random, { min, max }: { min: number; max: number }): number {
  return min + (max - min) * random.unit();
}

/** Undefined where the network has no place for one of them. */
function drawFaults(
  world: Healthy,
  kinds: readonly FaultKind[],
  random: Random,
): Fault[] | undefined {
  const faults: Fault[] = [];
  for (const kind of kinds) {
    const taken = new Set(faults.map(({ element }) => JSON.stringify(element)));
    const possible = placesOf(world, kind, random).filter(
      (fault) => !taken.has(JSON.stringify(fault.element)) && flowsHit(world, fault) >= FLOWS_MIN,
    );
    const fault = possible[random.below(Math.max(1, possible.length))];
    if (fault === undefined) return undefined;
    faults.push(fault);
  }
  return faults;
}

function placesOf(world: Healthy, { at, lossRatio, buckets }: FaultKind, random: Random): Fault[] {
  const elements: Element[] =
    at === 'node'
      ? [...world.routers.keys()]
          .filter((node) => world.routers[node] !== undefined)
          .map((node) => ({ kind: 'router', node }))
      : [...world.cables.keys()].map((cable) => ({ kind: 'cable', cable }));
  const bucket = buckets === undefined ? undefined : { of: buckets, index: random.below(buckets) };
  const direction = at === 'return-link' ? 'return' : 'forward';
  return elements.map((element) => ({ element, direction, lossRatio, bucket }));
}

function flowsHit({ flows }: Healthy, fault: Fault): number {
  const { element, direction } = fault;
  return flows.filter((flow) => {
    const isAcross =
      direction === 'forward'
        ? passes(flow, element)
        : element.kind === 'cable' && flow.returnCables.includes(element.cable);
    return isAcross && isHit(fault, flow);
  }).length;
}
