import { describe, expect, test } from 'vitest';
import type { ProbeReply } from '../../model/probe.ts';
import { Observations } from './observations.ts';

function reply(ttl: number, rest: Partial<ProbeReply> = {}): ProbeReply {
  const kind = rest.isTarget === true ? 'unreachable' : 'time-exceeded';
  const about = { flow: 0, round: 0, code: 0, rttUs: 1000, replyTtl: 60, quotedTtl: 1, mpls: [] };
  return { ...about, ttl, kind, responder: ttl, isTarget: false, ...rest };
}

/** A flow that was probed up to a TTL, and lost all probes from TTL 4 on but for the last. */
function probed(lastTtl: number): Observations {
  const observations = new Observations();
  for (let ttl = 1; ttl <= lastTtl; ttl++) {
    observations.ordered(0, ttl);
    if (ttl < 4) observations.replied(reply(ttl));
    else if (ttl < lastTtl) observations.lost(0, ttl);
  }
  return observations;
}

const states = (observations: Observations, ttls: readonly number[]): string[] =>
  ttls.map((ttl) => observations.stateAt(0, ttl));

describe('an answer of the target to a probe with more TTL than enough', () => {
  test('is that of the TTL that was enough, as it quotes', () => {
    const observations = probed(6);
    observations.replied(reply(6, { isTarget: true, quotedTtl: 2 }));
    expect(observations.endTtl(0)).toBe(5);
    expect(states(observations, [4, 5, 6])).toEqual(['open', 'answered', 'none']);
    expect(observations.pending).toBe(0);
  });

  test('is no nearer than the last router that answers', () => {
    const observations = probed(5);
    observations.replied(reply(5, { isTarget: true, quotedTtl: 4 }));
    expect(observations.endTtl(0)).toBe(4);
  });

  test('without a quote, or where no nearer probe was sent, it is where it is', () => {
    const observations = probed(6);
    observations.replied(reply(6, { isTarget: true, kind: 'refused', quotedTtl: 0 }));
    expect(observations.endTtl(0)).toBe(6);
    const alone = new Observations();
    alone.ordered(0, 6);
    alone.replied(reply(6, { isTarget: true, quotedTtl: 3 }));
    expect(alone.endTtl(0)).toBe(6);
  });

  test('of a router on the way stays, whatever it quotes', () => {
    const observations = probed(6);
    observations.replied(reply(6, { quotedTtl: 3 }));
    expect(states(observations, [5, 6])).toEqual(['open', 'answered']);
  });
});
