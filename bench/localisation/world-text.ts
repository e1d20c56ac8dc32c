/** One world in full: what is wrong with it, what the counts show, and what was named. */

import { localise } from '../../src/algorithms/localisation/localise.ts';
import { CONFIDENCE, judgeLoss, MIN_LOSS } from './judgement.ts';
import { meaningOf } from './names.ts';
import { measure, type TrialOptions } from './trial.ts';
import { keyOf, type Nameable, truthOf } from './truth.ts';
import { isHit, passes, type World } from './world.ts';

export function worldText(options: TrialOptions): string {
  const { world, counts } = measure(options);
  const localisation = localise(counts, { minLoss: MIN_LOSS, confidence: CONFIDENCE });
  const { graph, limited } = localisation;
  const truth = truthOf(world, counts);
  const context = { world, graph };
  const lines = [
    `${world.name}: ${world.fabric}, ${world.flows[0]?.nodes.length} TTLs, answers by ${world.naming}, ` +
      `${world.cables.length} cables, ${world.routers.length - 2} routers`,
    ...routerLines(world),
  ];
  for (const { fault, members, cells } of truth) {
    const { element, direction, lossRatio, bucket } = fault;
    const crossing = world.flows.filter((flow) => passes(flow, element));
    const hit = crossing.filter((flow) => isHit(fault, flow)).length;
    const sent = cells.length * (counts.flows[0]?.sent[0] ?? 0);
    const received = cells.reduce((sum, cell) => {
      const ttls = world.flows[0]?.nodes.length ?? 1;
      return sum + (counts.flows[Math.floor(cell / ttls)]?.received[cell % ttls] ?? 0);
    }, 0);
    lines.push(
      `TRUTH ${direction} ${thingText(element, world)} loses ${lossRatio}` +
        `${bucket ? ` of bucket ${bucket.index}/${bucket.of}` : ''}: ${crossing.length} flows across, ` +
        `${hit} hit, answered ${received} of ${sent} in informative cells; class of ${members.size}: ${[...members].join(', ')}`,
    );
  }
  for (const loss of localisation.losses) {
    const judged = judgeLoss(loss, truth, context);
    lines.push(
      `LOSS ${judged.fault === -1 ? 'wrong' : 'right'} detection ${loss.detection.toFixed(4)}, ` +
        `probability ${loss.probability.toFixed(4)}, direction ${loss.direction ?? 'untold'}, ` +
        `ratio ${loss.lossRatio.toFixed(4)} (${loss.lossInterval.map((x) => x.toFixed(4)).join('–')}), ` +
        `${loss.flowsAcross.length} flows across, ${loss.flowsLossy.length} lossy, ` +
        `lost ${loss.probesLost} of ${loss.probesAcross}`,
      ...loss.explanations.map(
        (each) =>
          `    ${JSON.stringify(each)} = ${
            meaningOf(each, loss, context)
              .map((it) => thingText(it, world))
              .join(', ') || 'nothing'
          }`,
      ),
      ...(loss.credibleSet ?? []).map(
        (group, i) => `    credible ${i + 1}: ${JSON.stringify(group)}`,
      ),
    );
  }
  if (localisation.losses.length === 0) lines.push('no loss found');
  for (const { vertex, answerRatio, sent } of limited) {
    const described = graph.vertices[vertex];
    const node =
      described?.kind === 'interface' ? world.addresses[described.address]?.node : undefined;
    lines.push(
      `limited: vertex ${vertex} (router ${node}) answers ${answerRatio.toFixed(3)} of ${sent}`,
    );
  }
  return lines.join('\n');
}

function routerLines({ routers, flows }: World): string[] {
  return routers.flatMap((router, node) => {
    const count = flows.filter(({ nodes }) => nodes.includes(node)).length;
    if (router === undefined || count === 0) return [];
    if (router.isSilent) return [`router ${node} (${count} flows) is silent`];
    if (router.limit !== undefined) {
      const { perSecond, burst } = router.limit;
      return [
        `router ${node} (${count} flows) answers ${perSecond.toFixed(2)} a second, bursts of ${burst}`,
      ];
    }
    if (router.answerRatio < 1)
      return [`router ${node} (${count} flows) answers ${router.answerRatio.toFixed(3)}`];
    return [];
  });
}

function thingText(thing: Nameable, { cables }: World): string {
  if (thing.kind !== 'cable') return keyOf(thing);
  const { near, far } = cables[thing.cable] ?? { near: -1, far: -1 };
  return `cable ${thing.cable} (${near} → ${far})`;
}
