/**
 * What a scenario comes to: its graph, its faults and its truth in words, the paths that flows
 * take, and what is doubtful about it although it is valid.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import { parseIpAddress } from '../lib/ip-address.ts';
import type { ScenarioSummary } from '../model/scenario-summary.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { flowHash } from './flow-hash.ts';
import { Network } from './network.ts';
import { type NetworkPlan, planNetwork } from './network-plan.ts';
import type { Place, Scenario } from './scenario-model.ts';
import { faultSentences, placeText, traitSentences } from './scenario-sentences.ts';
import { SOURCE, TARGET } from './topology.ts';

const FLOWS = 64;
const FIRST_SOURCE_PORT = 32_768;

/** Describes a scenario, its paths those of the given family and seed. */
export function summarize(
  scenario: Scenario,
  overrides: { readonly family?: IpFamily; readonly seed?: number } = {},
): ScenarioSummary {
  const plan = planNetwork(scenario, overrides);
  const paths = pathsOf(plan);
  const { verdict, suspects } = scenario.truth;
  const hops = paths.map((path) => path.length - 1);
  const across = (place: Place): number => paths.filter((path) => crosses(path, place)).length;
  const counted = suspects.map((place) => ({ place, flowsAcross: across(place) }));
  return {
    shows: scenario.shows,
    family: plan.family,
    seed: plan.seed,
    routers: scenario.routers.length,
    links: scenario.links.length,
    nextHops: nextHopsOf(scenario),
    faults: faultSentences(scenario),
    traits: traitSentences(scenario),
    target: { port: scenario.target.port, answer: scenario.target.answer },
    truth: {
      verdict,
      suspects: counted.map(({ place, flowsAcross }) => ({ place: placeText(place), flowsAcross })),
    },
    flows: {
      count: FLOWS,
      paths: new Set(paths.map((path) => path.join(' '))).size,
      hopsMin: Math.min(...hops),
      hopsMax: Math.max(...hops),
    },
    doubts: [
      ...counted
        .filter(({ flowsAcross }) => flowsAcross === 0)
        .map(({ place }) => `none of ${FLOWS} flows crosses ${placeText(place)}`),
      ...unblamed(scenario).map(
        (place) => `${placeText(place)} loses packets and the truth does not blame it`,
      ),
    ],
  };
}

/** The places that lose packets, each once. */
export function lossyPlaces({ links, routers, faults }: Scenario): readonly Place[] {
  const isLossy = (loss: { forwardLoss: number; returnLoss: number }): boolean =>
    loss.forwardLoss + loss.returnLoss > 0;
  const places = [
    ...links.filter(isLossy).map(({ near, far }): Place => ({ kind: 'link', near, far })),
    ...routers.filter(isLossy).map(({ name }): Place => ({ kind: 'router', name })),
    ...faults.map(({ place }) => place),
  ];
  return [...new Map(places.map((place) => [placeText(place), place])).values()];
}

function unblamed(scenario: Scenario): readonly Place[] {
  const { verdict, suspects } = scenario.truth;
  if (verdict !== 'no-loss' && suspects.length === 0) return [];
  const blamed = new Set(suspects.map(placeText));
  return lossyPlaces(scenario).filter((place) => !blamed.has(placeText(place)));
}

function pathsOf(plan: NetworkPlan): (readonly string[])[] {
  const network = new Network(plan);
  const addressOf = (text: string): Uint8Array => parseIpAddress(text) ?? new Uint8Array(0);
  const ends = {
    source: addressOf(plan.source[plan.family]),
    destination: addressOf(plan.target.address[plan.family]),
    protocol: IP_PROTOCOL.tcp,
  };
  return Array.from({ length: FLOWS }, (_, i) => {
    const leadingBits = (((FIRST_SOURCE_PORT + i) << 16) | plan.target.port) >>> 0;
    return [SOURCE, ...network.pathOf(flowHash({ ...ends, leadingBits }))];
  });
}

function crosses(path: readonly string[], place: Place): boolean {
  if (place.kind === 'router') return path.includes(place.name);
  return path.some((near, i) => near === place.near && path[i + 1] === place.far);
}

function nextHopsOf({ links, routers }: Scenario): { node: string; to: string[] }[] {
  const to = new Map(
    [SOURCE, ...routers.map(({ name }) => name)].map((node) => [node, [] as string[]]),
  );
  for (const { near, far, direction } of links) {
    if (direction !== 'return' && near !== TARGET) to.get(near)?.push(far);
  }
  return [...to].map(([node, fars]) => ({ node, to: fars })).filter((each) => each.to.length > 0);
}
