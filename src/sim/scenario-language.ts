/**
 * Every key of a scenario file, described once: what it means, what it takes, and what holds when
 * it is left out. The validator and the JSON Schema both come from here. What depends on the
 * network itself, such as whether a name exists, is checked by `scenario.ts`.
 */

import {
  eitherKey,
  type Key,
  listOf,
  mapOf,
  mapped,
  notBothKeys,
  objectOf,
  optional,
  type Reader,
  required,
} from './json-fields.ts';
import { flag, integerFrom, numberFrom, oneOf, ratio, text, textLike } from './json-values.ts';
import {
  balancing,
  errorSource,
  lossKeys,
  otherTarget,
  port,
  router,
  target,
  usualBalancing,
  usualTarget,
} from './node-language.ts';
import { type FaultFilter, VERDICTS } from './scenario-model.ts';
import type { Fabric } from './topology.ts';
import type {
  WrittenFault,
  WrittenRoute,
  WrittenScenario,
  WrittenTruth,
} from './written-scenario.ts';

const WIDTH_MAX = 1024;
const OTHER_TARGETS_MAX = 64;
/** Of a packet: what IPv4 and IPv6 can tell in 16 bits. */
const BYTES_MAX = 65_535;
/** Enough for a reply to come later than its probe. */
const LINK_DELAY_MS = 0.1;
/** Eleven days. */
const TIME_MS_MAX = 1e9;
/** Names are short and plain so that a kernel can have interfaces called after them. */
const NODE_NAME = /^[a-z][a-z0-9.-]{0,11}$/;

const nodeName = textLike(NODE_NAME, '1 to 12 of a-z, 0-9, dot, hyphen, from a letter on');
const delayMs = numberFrom(0, 10_000);
const timeMs = numberFrom(0, TIME_MS_MAX);
/** How many is told by the one who looks the names up. */
const linkEnds = listOf(text);

const whenKeys = {
  fromMs: optional(timeMs, 0, 'When it begins, in milliseconds of virtual time.'),
  untilMs: optional(timeMs, Number.POSITIVE_INFINITY, 'When it ends; never, unless told.'),
  periodMs: optional(
    numberFrom(0.001, TIME_MS_MAX),
    undefined,
    'It comes and goes with this period, counted from fromMs on.',
  ),
  duty: optional(
    ratio,
    undefined,
    'Which share of every period it lasts, from the start of it; half of it unless told.',
  ),
};

const placeKeys: {
  readonly link: Key<readonly string[] | undefined>;
  readonly router: Key<string | undefined>;
} = {
  link: optional(linkEnds, undefined, 'A link as [near, far].'),
  router: optional(text, undefined, 'The name of a router.'),
};
const eitherPlace = eitherKey(['link', 'router'], 'a link or a router');
const place = objectOf(placeKeys, [eitherPlace]);

const fabric: Reader<Fabric> = objectOf({
  widths: required(
    listOf(integerFrom(1, WIDTH_MAX), { min: 1, max: 64 }),
    'Routers in each layer, nearest to the source first: layer 1 is r1.0, r1.1, …',
  ),
  detours: optional(
    listOf(text),
    [],
    'Routers with one more router in front of them: x3.2 before r3.2.',
  ),
  fanout: optional(
    integerFrom(1, WIDTH_MAX),
    undefined,
    'Routers of the next layer that each is joined to; all of them unless told.',
  ),
});

const linkTraitKeys = {
  delayMs: optional(delayMs, undefined, 'Delay towards the target; that of all links unless told.'),
  returnDelayMs: optional(delayMs, undefined, 'Delay towards the source; the same unless told.'),
  jitterMs: optional(delayMs, undefined, 'Up to this much is added, differently for each packet.'),
  returnJitterMs: optional(delayMs, undefined, 'The same towards the source.'),
  mtu: optional(
    integerFrom(68, BYTES_MAX),
    undefined,
    'Longest packet towards the target; longer ones are answered with "too big".',
  ),
  weight: optional(
    integerFrom(1, 1000),
    undefined,
    'Share that a balancer gives it relative to its other next hops; 1 unless told.',
  ),
  direction: optional(
    oneOf('both', 'forward', 'return'),
    undefined,
    'Whether packets use it towards the target only (forward), towards the source only, or both.',
  ),
  ...lossKeys,
};

const faultFilterKeys = {
  hashBucket: optional(
    objectOf({
      index: required(integerFrom(0, 65_535), 'Which bucket, counted from 0.'),
      of: required(integerFrom(2, 65_536), 'How many buckets there are.'),
    }),
    undefined,
    'Flows that the hash puts into one of so many buckets.',
  ),
  sourcePort: optional(port, undefined, 'The flow with this source port.'),
  bytesMin: optional(
    integerFrom(1, BYTES_MAX),
    undefined,
    'Packets of at least this length, the IP header included.',
  ),
  dscp: optional(integerFrom(0, 63), undefined, 'Packets of this DSCP (RFC 2474).'),
};
const everyPacket: FaultFilter = {
  hashBucket: undefined,
  sourcePort: undefined,
  bytesMin: undefined,
  dscp: undefined,
};

const fault: Reader<WrittenFault> = objectOf(
  {
    ...placeKeys,
    ...lossKeys,
    burst: optional(
      numberFrom(1, 1e6),
      undefined,
      'Mean length of a burst of losses in packets (Gilbert-Elliott); single losses unless told.',
    ),
    only: optional(
      objectOf(faultFilterKeys),
      everyPacket,
      'Which packets it hits; all unless told.',
    ),
    ...whenKeys,
  },
  [eitherPlace],
);

const route: Reader<WrittenRoute> = objectOf({
  router: required(text, 'The router whose next hops change.'),
  towards: optional(oneOf('target', 'source'), 'target' as const, 'Of which packets.'),
  nextHops: required(
    listOf(text, { min: 1 }),
    'Its next hops meanwhile; one that the packets came from makes a loop.',
  ),
  ...whenKeys,
});

const truth: Reader<WrittenTruth> = objectOf(
  {
    verdict: required(oneOf(...VERDICTS), 'The verdict that is right.'),
    suspect: optional(place, undefined, 'What is at fault.'),
    suspects: optional(
      listOf(place, { min: 1 }),
      undefined,
      'What is at fault, if in several places.',
    ),
  },
  [notBothKeys(['suspect', 'suspects'])],
);

/** Reads a whole file, but for what depends on its network. */
export const readWritten: Reader<WrittenScenario> = mapped(
  objectOf(
    {
      shows: required(text, 'The claim that the scenario makes, in one sentence.'),
      seed: optional(
        integerFrom(0, Number.MAX_SAFE_INTEGER),
        1,
        'Of every hash and everything random, where no other is asked for.',
      ),
      family: optional(oneOf(4, 6), 4 as const, 'IPv4 or IPv6.'),
      errorSource: optional(
        errorSource,
        undefined,
        "Source of ICMP errors: the probe's ingress, or the router's own; as on Linux unless told.",
      ),
      balancing: optional(balancing, usualBalancing, 'How every node picks a next hop.'),
      hashesFlowLabels: optional(
        flag,
        false,
        'Whether balancers by flow hash the flow label of IPv6, too.',
      ),
      linkDelayMs: optional(delayMs, LINK_DELAY_MS, 'Delay of a link in either direction.'),
      linkJitterMs: optional(delayMs, 0, 'Jitter of a link in either direction.'),
      fabric: optional(fabric, undefined, 'Layers of routers, each joined to the next layer.'),
      links: optional(
        listOf(
          objectOf({
            near: required(nodeName, 'The end towards the source; "source" is the prober.'),
            far: required(nodeName, 'The end towards the target.'),
            ...linkTraitKeys,
          }),
        ),
        undefined,
        'Links one by one, for any network that is no fabric.',
      ),
      linkTraits: optional(
        listOf(objectOf({ link: required(linkEnds, 'A link as [near, far].'), ...linkTraitKeys })),
        [],
        'What is special about single links of a fabric.',
      ),
      routers: optional(mapOf(router), new Map(), 'What is special about routers, by name.'),
      faults: optional(listOf(fault), [], 'What loses packets.'),
      routes: optional(listOf(route), [], 'Next hops that differ from all that links allow.'),
      target: optional(target, usualTarget, 'What the target does.'),
      otherTargets: optional(
        listOf(otherTarget(nodeName), { max: OTHER_TARGETS_MAX }),
        [],
        'Further hosts that can be targets of one run.',
      ),
      truth: required(truth, 'What a measurement ought to find.'),
      $schema: optional(text, undefined, 'Where the JSON Schema of scenarios is, for editors.'),
    },
    [eitherKey(['fabric', 'links'], 'a fabric or links')],
  ),
  ({ $schema: _, ...written }) => written,
);
