import { expect, test } from 'vitest';
import type { Place, Suspect } from '../../model/verdict.ts';
import { summarise } from './summary.ts';
import type { SummaryFacts } from './summary-facts.ts';

const LINK: Place = { kind: 'link', near: '10.0.0.1', far: '10.0.1.1', addresses: [] };
const ROUTER: Place = { kind: 'node', near: null, far: null, addresses: ['10.0.0.1'] };
const SUSPECT: Suspect = {
  ...LINK,
  ttl: 3,
  direction: 'forward',
  lossRatio: 0.0512,
  lossInterval: [0.031, 0.0789],
  probability: 0.9912,
  flowsAcross: 5,
  flowsLossy: 4,
  probesAcross: 400,
  probesLost: 20,
  equivalents: [],
};
const FACTS: SummaryFacts = {
  verdict: 'no-loss',
  suspects: [],
  excludedLossRatio: 0.0187,
  confidence: 0.95,
  target: 'db7',
  flows: 64,
  pathsFound: 16,
  probesSent: 9000,
  repliesReceived: 8800,
  refusing: [],
  lastHops: [],
  tooSmallMaxTtl: undefined,
};

const SENTENCES: readonly (Partial<SummaryFacts> & { readonly shows: string; says: string })[] = [
  {
    shows: 'a clean run that left out the first TTLs',
    unprobed: { minTtl: 3, excludedLossRatio: 0.0187 },
    says:
      'No loss on any of 16 paths to db7: no link loses more than 1.9 % (95 % confidence). ' +
      'Links up to TTL 3 were measured only together, flow by flow.',
  },
  {
    shows: 'a clean run that asked the target alone',
    flows: 1,
    unprobed: { minTtl: 10, excludedLossRatio: 0.0187, endToEnd: 'at-target' },
    says:
      'No loss end to end on 1 flow to db7: none loses more than 1.9 % (95 % confidence). ' +
      'Nothing is known of single links, as TTL 10 already gets to the target.',
  },
  {
    shows: 'too few probes of each flow to say anything of the first links',
    verdict: 'inconclusive',
    probesNeeded: 4900,
    unprobed: { minTtl: 3, excludedLossRatio: 0.0361 },
    says:
      'Inconclusive: up to TTL 3, before which no router was asked, one of 64 flows to db7 may ' +
      'lose up to 3.6 % (95 % confidence). Not sure: about 4900 more probes needed.',
  },
  {
    shows: 'a target alone that limits its answers, which more probes do not change',
    verdict: 'inconclusive',
    pathsFound: 0,
    probesNeeded: 300_000,
    unprobed: { minTtl: 10, excludedLossRatio: 1, endToEnd: 'at-target' },
    says:
      'Inconclusive: only db7 can tell of loss, as TTL 10 already gets to the target, and that ' +
      'it leaves probes unanswered may be a limit on its replies.',
  },
  {
    shows: 'too few probes of each flow, where no router answers',
    verdict: 'inconclusive',
    unprobed: { minTtl: 1, excludedLossRatio: 0.0361, endToEnd: 'silent' },
    says:
      'Inconclusive: measured end to end only, as no router answers: one of 64 flows to db7 may ' +
      'lose up to 3.6 % (95 % confidence).',
  },
  {
    shows: 'a loss before the first TTL, as the drop-in names the flag',
    verdict: 'loss-suspected',
    suspects: [{ ...SUSPECT, near: null, far: '10.0.1.1', beforeTtl: 3 }],
    probesNeeded: 5000,
    unprobed: { minTtl: 3, excludedLossRatio: 0.1 },
    flagNames: { minTtl: '-minTTL', maxTtl: '-maxTTL', maxProbes: '-maxTime' },
    says:
      'Loss somewhere on the way to 10.0.1.1 (TTL 3), before which no router was asked: 5.1 % ' +
      'of packets (95 % interval 3.1 % to 7.9 %), seen on 4 of 64 flows to db7; probability ' +
      '0.991. -minTTL 1 would show where.',
  },
  {
    shows: 'a target that nobody gets to, because of a loop',
    verdict: 'target-unreachable',
    lastHops: ['10.0.3.1'],
    loops: [{ from: '10.0.3.1', to: '10.0.2.1' }],
    says:
      'db7 answers none of 64 flows; the last to answer is 10.0.3.1, and no loss shows before ' +
      'that. There is a loop: 10.0.3.1 sends packets back to 10.0.2.1.',
  },
  {
    shows: 'a target behind routers that never answer',
    verdict: 'target-loss',
    suspects: [{ ...SUSPECT, ...ROUTER, equivalents: [{ ...LINK, near: '10.0.0.1', far: null }] }],
    says:
      'db7 leaves 5.1 % of probes (95 % interval 3.1 % to 7.9 %) unanswered, and what is right ' +
      'before it never answers: that, the target, or the way back loses them.',
  },
  {
    shows: 'a clean run that was cut short',
    excludedLossRatio: 0.0573,
    exclude: 0.02,
    probesNeeded: 57_000,
    says:
      'No loss on any of 16 paths to db7: no link loses more than 5.7 % (95 % confidence). ' +
      'Ruling out 2 % takes about 57000 more probes.',
  },
  {
    shows: 'routers at the last TTL that leave probes unanswered',
    verdict: 'target-unreachable',
    tooSmallMaxTtl: 3,
    atMaxTtl: { sent: 456, unanswered: 6 },
    says:
      'db7 is farther than --max-ttl 3: routers still answer there. They left 6 of 456 probes ' +
      'to them unanswered: a loss on the way there, or a limit on their replies.',
  },
  {
    shows: 'a router that says no at two interfaces',
    verdict: 'loss-located',
    refusing: [
      { address: '10.0.3.1', flows: 10 },
      { address: '10.0.4.1', flows: 9 },
    ],
    says:
      'Routers at 10.0.3.1 and 10.0.4.1 refuse 19 of 64 flows to db7: they answer that the ' +
      'target is unreachable or prohibited.',
  },
  {
    shows: 'a router that says no',
    verdict: 'loss-located',
    refusing: [{ address: '10.0.3.1', flows: 19 }],
    says:
      'Router 10.0.3.1 refuses 19 of 64 flows to db7: it answers that the target is unreachable ' +
      'or prohibited.',
  },
  {
    shows: 'one of several targets that leaves probes unanswered, and another suspect',
    verdict: 'target-loss',
    target: 'db7 and db8',
    blamedTarget: 'db8',
    suspects: [{ ...SUSPECT, ...ROUTER }, SUSPECT],
    says:
      'db8 leaves 5.1 % of probes (95 % interval 3.1 % to 7.9 %) unanswered while every hop ' +
      'before it is fine: the target, its last link, the last router, or the way back loses ' +
      'them. Also suspected: the link 10.0.0.1 → 10.0.1.1.',
  },
  {
    shows: 'a loss, and one of several targets that never answers',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, lossRatio: 1 }],
    target: 'db7 and db8',
    unreached: { target: 'db8', flows: 32, others: 'db7' },
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses every packet; 5 of 64 flows to db7 and db8 cross it; ' +
      'probability 0.991. db8 answers none of 32 flows.',
  },
  {
    shows: 'one of several targets that never answers',
    verdict: 'target-unreachable',
    target: 'db7, db8 and db9',
    flows: 192,
    unreached: { target: 'db9', flows: 64, others: 'db7 and db8' },
    lastHops: ['10.0.3.1'],
    says:
      'db9 answers none of 64 flows; the last to answer is 10.0.3.1, and no loss shows before ' +
      'that, nor on the way to db7 and db8.',
  },
  {
    shows: 'a loss where packets are sprayed',
    verdict: 'loss-located',
    suspects: [SUSPECT],
    sprayed: [
      ['10.0.9.1', '10.0.9.2'],
      ['10.0.1.1', '10.0.2.1'],
    ],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses 5.1 % of packets (95 % interval 3.1 % to 7.9 %); 5 of ' +
      '64 flows to db7 cross it; probability 0.991. Packets of one flow are sprayed there over ' +
      '10.0.1.1 and 10.0.2.1: which of them loses is not seen.',
  },
  {
    shows: 'a clean run',
    says: 'No loss on any of 16 paths to db7: no link loses more than 1.9 % (95 % confidence).',
  },
  {
    shows: 'a clean run on one path',
    pathsFound: 1,
    says: 'No loss on the one path to db7: no link loses more than 1.9 % (95 % confidence).',
  },
  {
    shows: 'a run that ruled nothing out',
    excludedLossRatio: null,
    says: 'No loss found on any of 16 paths to db7.',
  },
  {
    shows: 'a link',
    verdict: 'loss-located',
    suspects: [SUSPECT],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses 5.1 % of packets (95 % interval 3.1 % to 7.9 %); ' +
      '5 of 64 flows to db7 cross it; probability 0.991.',
  },
  {
    shows: 'a router that every flow crosses',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, ...ROUTER, lossRatio: 0.2034, probability: 0.99999, flowsAcross: 64 }],
    says:
      'Router 10.0.0.1 loses 20.3 % of packets (95 % interval 3.1 % to 7.9 %); ' +
      'every flow to db7 crosses it; probability > 0.999.',
  },
  {
    shows: 'two places that are alike',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, equivalents: [ROUTER] }],
    says:
      'The link 10.0.0.1 → 10.0.1.1 or router 10.0.0.1 loses 5.1 % of packets ' +
      '(95 % interval 3.1 % to 7.9 %); 5 of 64 flows to db7 cross it; probability 0.991.',
  },
  {
    shows: 'many places that are alike',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, equivalents: [ROUTER, ROUTER, ROUTER, ROUTER] }],
    says:
      'The link 10.0.0.1 → 10.0.1.1, router 10.0.0.1, router 10.0.0.1 or one of 2 more ' +
      'loses 5.1 % of ' +
      'packets (95 % interval 3.1 % to 7.9 %); 5 of 64 flows to db7 cross it; probability 0.991.',
  },
  {
    shows: 'a total loss',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, lossRatio: 1 }],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses every packet; ' +
      '5 of 64 flows to db7 cross it; probability 0.991.',
  },
  {
    shows: 'a loss on the way back beside others, of which one is at the target',
    verdict: 'loss-suspected',
    targetAddresses: ['10.9.0.1'],
    suspects: [
      { ...SUSPECT, ...ROUTER, direction: 'return' },
      { ...SUSPECT, ...ROUTER, addresses: ['10.9.0.1'] },
      { ...SUSPECT, direction: 'return' },
    ],
    says:
      'The way back from db7 loses 5.1 % of answers (95 % interval 3.1 % to 7.9 %), seen on 4 of ' +
      '64 flows, while the probes arrive; probability 0.991. On which of its links is not seen. ' +
      'Also suspected: the target 10.9.0.1.',
  },
  {
    shows: 'a loss beside which another one may hide',
    verdict: 'loss-located',
    exclude: 0.02,
    excludedElsewhere: 0.0523,
    suspects: [SUSPECT, { ...SUSPECT, direction: 'return' }],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses 5.1 % of packets (95 % interval 3.1 % to 7.9 %); 5 of ' +
      '64 flows to db7 cross it; probability 0.991. Also suspected: the way back from db7. ' +
      'Losses up to 5.2 % on other links are not ruled out (95 % confidence).',
  },
  {
    shows: 'a loss beside which nothing is known of others',
    verdict: 'loss-located',
    exclude: 0.02,
    excludedElsewhere: 0.61,
    suspects: [{ ...SUSPECT, lossRatio: 1 }],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses every packet; 5 of 64 flows to db7 cross it; ' +
      'probability 0.991. Losses on other links are not ruled out.',
  },
  {
    shows: 'a loss beside which others are ruled out',
    verdict: 'loss-located',
    exclude: 0.02,
    excludedElsewhere: 0.019,
    suspects: [{ ...SUSPECT, lossRatio: 1 }],
    says:
      'The link 10.0.0.1 → 10.0.1.1 loses every packet; 5 of 64 flows to db7 cross it; ' +
      'probability 0.991.',
  },
  {
    shows: 'a target and routers that all limit their replies, which more probes would not change',
    verdict: 'inconclusive',
    isAllLimited: true,
    probesNeeded: 810000,
    says:
      'Inconclusive: db7 and the routers on the way limit their replies, so that none of them ' +
      'tells whether packets are lost.',
  },
  {
    shows: 'a suspicion, and another',
    verdict: 'loss-suspected',
    suspects: [{ ...SUSPECT, probability: 0.7 }, SUSPECT],
    says:
      'Suspected: the link 10.0.0.1 → 10.0.1.1 loses 5.1 % of packets (95 % interval 3.1 % to ' +
      '7.9 %); 5 of 64 flows to db7 cross it; probability 0.7. ' +
      'Also suspected: the link 10.0.0.1 → 10.0.1.1.',
  },
  {
    shows: 'a router that sends packets back',
    verdict: 'loss-located',
    suspects: [{ ...SUSPECT, ...ROUTER, lossRatio: 1 }],
    loops: [
      { from: '10.9.9.9', to: '10.8.8.8' },
      { from: '10.0.0.1', to: '10.0.0.9' },
    ],
    says:
      'Router 10.0.0.1 loses every packet; 5 of 64 flows to db7 cross it; probability 0.991. ' +
      'It is a loop: 10.0.0.1 sends packets back to 10.0.0.9.',
  },
  {
    shows: 'a loss of replies',
    verdict: 'return-loss',
    suspects: [{ ...SUSPECT, direction: 'return' }],
    says:
      'The way back from db7 loses 5.1 % of answers (95 % interval 3.1 % to 7.9 %), seen on 4 of ' +
      '64 flows, while the probes arrive; probability 0.991. On which of its links is not seen.',
  },
  {
    shows: 'a loss at the target',
    verdict: 'target-loss',
    target: 'the target',
    suspects: [SUSPECT],
    says:
      'The target leaves 5.1 % of probes (95 % interval 3.1 % to 7.9 %) unanswered while every ' +
      'hop before it is fine: the target, its last link, the last router, or the way back loses ' +
      'them.',
  },
  {
    shows: 'a target that never answers',
    verdict: 'target-unreachable',
    target: 'the target',
    lastHops: ['10.0.3.1'],
    says:
      'The target answers none of 64 flows; the last to answer is 10.0.3.1, and no loss shows ' +
      'before that.',
  },
  {
    shows: 'a target behind many last hops',
    verdict: 'target-unreachable',
    target: 'the target',
    lastHops: ['a', 'b', 'c', 'd', 'e', 'f'],
    says:
      'The target answers none of 64 flows; the last to answer are a, b, c, d and 2 more, and no ' +
      'loss shows before that.',
  },
  {
    shows: 'a target too far away',
    verdict: 'target-unreachable',
    target: 'the target',
    tooSmallMaxTtl: 5,
    says: 'The target is farther than --max-ttl 5: routers still answer there.',
  },
  {
    shows: 'silence',
    repliesReceived: 0,
    verdict: 'inconclusive',
    pathsFound: 0,
    says: 'Inconclusive: nothing answered any of 9000 probes to db7.',
  },
  {
    shows: 'too little evidence',
    verdict: 'inconclusive',
    says: 'Inconclusive: too few replies on the way to db7 to tell whether anything is lost.',
  },
];

test.each(SENTENCES)('$shows', ({ shows: _, says, ...facts }) => {
  expect(summarise({ ...FACTS, ...facts })).toBe(says);
});
