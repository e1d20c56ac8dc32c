/**
 * The keys of a scenario file that say what single nodes do: routers and the target. Each is
 * described once, for the validator and the JSON Schema.
 */

import {
  type Key,
  listOf,
  mapped,
  objectOf,
  optional,
  type Reader,
  required,
} from './json-fields.ts';
import { flag, integerFrom, numberFrom, oneOf, oneOfOr, ratio, text } from './json-values.ts';
import type {
  Balancing,
  ErrorSource,
  IcmpLimit,
  InterfaceTo,
  Nat,
  RateLimit,
  ScenarioTarget,
} from './scenario-model.ts';
import type { WrittenOtherTarget, WrittenRouter } from './written-scenario.ts';

const PORT = 22;

/** Losses of a link or router, or of a fault at one. */
export const lossKeys: { readonly forwardLoss: Key<number>; readonly returnLoss: Key<number> } = {
  forwardLoss: optional(ratio, 0, 'Chance that a packet towards the target is lost here.'),
  returnLoss: optional(ratio, 0, 'Chance that a packet towards the source is lost here.'),
};

export const port: Reader<number> = integerFrom(1, 65_535);

const rateLimitKeys = {
  perSecond: required(numberFrom(0.001, 1e6), 'Tokens that come back in a second.'),
  burst: required(integerFrom(1, 1e6), 'Tokens that are there at first, and at most.'),
};
const rateLimit: Reader<RateLimit> = objectOf(rateLimitKeys);
const icmpLimit: Reader<IcmpLimit> = objectOf({
  ...rateLimitKeys,
  othersPerSecond: optional(
    numberFrom(0, 1e6),
    0,
    'Errors that other probers ask for, which take tokens as well.',
  ),
});

export const balancing: Reader<Balancing> = objectOf({
  kind: optional(
    oneOf('per-flow', 'per-packet', 'per-destination'),
    'per-flow' as const,
    'What is hashed: the flow, nothing (each packet goes anywhere), or the destination alone.',
  ),
  buckets: optional(
    integerFrom(0, 65_536),
    0,
    'Size of the hash table, of which as few as possible move when next hops change; 0 for none.',
  ),
  hash: optional(
    oneOf('own', 'polarised'),
    'own' as const,
    'Whether the hash has a seed of its own, or one that all polarised routers share.',
  ),
});
export const usualBalancing: Balancing = { kind: 'per-flow', buckets: 0, hash: 'own' };

const rewrites = objectOf({
  ttl: optional(integerFrom(1, 255), undefined, 'TTL or hop limit that packets leave with.'),
  tos: optional(integerFrom(0, 255), undefined, 'TOS or traffic class that packets leave with.'),
  sequence: optional(flag, false, 'Whether TCP sequence numbers are shifted, flow by flow.'),
  restoresAll: optional(
    flag,
    true,
    'Whether acknowledgments are shifted back on every way, or only where they pass this router.',
  ),
});

const nat: Reader<Nat> = objectOf({
  ports: optional(
    oneOf('kept', 'mapped', 'random'),
    'mapped' as const,
    'Whether source ports stay, change flow by flow, or with every packet.',
  ),
  restoresQuotes: optional(flag, true, 'Whether quotes in ICMP errors are translated back.'),
});

export const errorSource: Reader<ErrorSource> = oneOf('ingress', 'router');
const interfaceTo: Reader<InterfaceTo> = objectOf({
  interfaceTo: required(text, 'A neighbour: errors come from the interface that leads to it.'),
});

const routerKeys = {
  silent: optional(flag, false, 'Never sends ICMP errors.'),
  icmpLimit: optional(icmpLimit, undefined, 'Limit over all ICMP errors that it sends.'),
  icmpLimitPerProber: optional(rateLimit, undefined, 'Limit over the ICMP errors to one prober.'),
  answerRatio: optional(ratio, 1, 'Chance that it sends an ICMP error at all.'),
  errorSource: optional(
    oneOfOr(['ingress', 'router'], interfaceTo),
    undefined,
    'Where its errors come from; as in the whole network unless told.',
  ),
  quote: optional(
    oneOf('whole', 'eight-bytes', 'header-and-eight-bytes', 'padded-128-bytes'),
    'whole' as const,
    'How much of a packet its errors quote; 128 bytes are filled up with zeros.',
  ),
  mplsLabels: optional(
    listOf(integerFrom(0, 0xfffff), { max: 16 }),
    [],
    'MPLS labels that its errors show (RFC 4950), outermost first.',
  ),
  hidden: optional(flag, false, 'In a tunnel that does not touch the TTL: no probe ends at it.'),
  rewrites: optional(rewrites, undefined, 'What it changes in packets towards the target.'),
  nat: optional(nat, undefined, 'Gives packets its own source address; all paths must pass it.'),
  synProxy: optional(flag, false, 'Answers every TCP SYN for the target, and passes none on.'),
  balancing: optional(balancing, undefined, 'How it picks a next hop; as all unless told.'),
  ...lossKeys,
};

export const router: Reader<WrittenRouter> = mapped(
  objectOf(routerKeys),
  ({ silent, hidden, synProxy, ...rest }) => ({
    ...rest,
    isSilent: silent,
    isHidden: hidden,
    isSynProxy: synProxy,
  }),
);

const targetKeys = {
  port: optional(port, PORT, 'The port that is probed.'),
  answer: optional(
    oneOf('refuse', 'accept', 'drop'),
    'refuse' as const,
    'What it does with a TCP SYN to that port: reset it, accept it, or say nothing.',
  ),
  answerLimit: optional(rateLimit, undefined, 'Limit over all that it answers.'),
};

export const target: Reader<ScenarioTarget> = mapped(objectOf(targetKeys), withoutUndefined);

/** @param nodeName reads the name of a node */
export function otherTarget(nodeName: Reader<string>): Reader<WrittenOtherTarget> {
  const keys = {
    name: required(nodeName, 'Its name, which no router has.'),
    behind: required(listOf(nodeName, { min: 1 }), 'The routers that are joined to it.'),
    ...targetKeys,
  };
  return mapped(objectOf(keys), withoutUndefined);
}

function withoutUndefined<T extends { readonly answerLimit: RateLimit | undefined }>({
  answerLimit,
  ...rest
}: T): Omit<T, 'answerLimit'> & { readonly answerLimit?: RateLimit } {
  return answerLimit === undefined ? rest : { ...rest, answerLimit };
}

export const usualTarget: ScenarioTarget = { port: PORT, answer: 'refuse' };
