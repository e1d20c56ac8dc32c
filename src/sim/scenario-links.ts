/** The links of a scenario: those that it lists, or those of the layers of its fabric. */

import { ScenarioError } from './json-fields.ts';
import { NetworkNames, requireName } from './places.ts';
import type { ScenarioLink } from './scenario-model.ts';
import { fabricLinks, fabricSize, flawOf, type Joined } from './topology.ts';
import type { WrittenLinkTraits, WrittenScenario } from './written-scenario.ts';

/** A network of more links than this has no addresses left (see `addresses.ts`). */
export const LINKS_MAX = 65_536;

const MTU = 65_535;

/**
 * Every link of a scenario, listed or of its fabric, with what it is told of itself alone.
 *
 * @throws {ScenarioError} when there are too many, or packets would not flow over them
 */
export function linksOf(written: WrittenScenario): ScenarioLink[] {
  const { links: listed, linkDelayMs: delayMs, linkJitterMs: jitterMs } = written;
  const traits = { delayMs, jitterMs };
  const links = listed?.map((link) => linkOf(link, link, traits)) ?? layered(written, traits);
  const path = listed === undefined ? 'fabric' : 'links';
  if (links.length > LINKS_MAX) throw tooMany(path, links.length);
  const flaw = flawOf(links);
  if (flaw === undefined) return links;
  throw new ScenarioError(flaw.index < 0 ? path : `${path}[${flaw.index}]`, flaw.complaint);
}

interface LinkTimes {
  readonly delayMs: number;
  readonly jitterMs: number;
}

function layered({ fabric, linkTraits }: WrittenScenario, times: LinkTimes): ScenarioLink[] {
  if (fabric === undefined) return [];
  const routers = fabric.widths.flatMap((width, i) =>
    Array.from({ length: width }, (_, k) => `r${i + 1}.${k}`),
  );
  for (const [i, name] of fabric.detours.entries()) {
    requireName('router', { name, path: `fabric.detours[${i}]`, names: routers });
  }
  const size = fabricSize(fabric);
  if (size > LINKS_MAX) throw tooMany('fabric', size);
  const joined = fabricLinks(fabric);
  const names = new NetworkNames(joined);
  const special = new Map(
    linkTraits.map((traits, i) => [
      names.requireLink(traits.link, `linkTraits[${i}].link`),
      traits,
    ]),
  );
  return joined.map((ends) => linkOf(ends, special.get(ends), times));
}

function tooMany(path: string, count: number): ScenarioError {
  return new ScenarioError(path, `makes ${count} links; ${LINKS_MAX} are possible`);
}

/** A link, by what is told of it and else of all. */
export function linkOf(
  { near, far }: Joined,
  traits: WrittenLinkTraits | undefined,
  times: LinkTimes,
): ScenarioLink {
  const delayMs = traits?.delayMs ?? times.delayMs;
  const jitterMs = traits?.jitterMs ?? times.jitterMs;
  return {
    near,
    far,
    direction: traits?.direction ?? 'both',
    weight: traits?.weight ?? 1,
    delayMs,
    returnDelayMs: traits?.returnDelayMs ?? delayMs,
    jitterMs,
    returnJitterMs: traits?.returnJitterMs ?? jitterMs,
    mtu: traits?.mtu ?? MTU,
    forwardLoss: traits?.forwardLoss ?? 0,
    returnLoss: traits?.returnLoss ?? 0,
  };
}
