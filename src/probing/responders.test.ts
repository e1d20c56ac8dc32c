import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Responders } from './responders.ts';

const place = fc.record({ flow: fc.nat({ max: 200 }), ttl: fc.integer({ min: 1, max: 255 }) });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ place, responder: fc.nat({ max: 2 ** 31 - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ forgotten: fc.nat({ max: 200 }) }) },
);

type Step = { place: { flow: number; ttl: number }; responder: number } | { forgotten: number };

/** What a plain map would hold. */
function plainly(steps: readonly Step[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  for (const each of steps) {
    if ('place' in each) known.set(`${each.place.flow}.${each.place.ttl}`, each.responder);
    else for (let ttl = 1; ttl <= 255; ttl++) known.delete(`${each.forgotten}.${ttl}`);
  }
  return known;
}

test('in any order, each flow has what it was told last, and nothing once it is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(place), (steps, asked) => {
      const responders = new Responders();
      for (const each of steps) {
        if ('place' in each) responders.note(each.place.flow, each.place.ttl, each.responder);
        else responders.forget(each.forgotten);
      }
      const known = plainly(steps);
      const told = steps.flatMap((each) => ('place' in each ? [each.place] : []));
      for (const { flow, ttl } of [...asked, ...told]) {
        expect(responders.at(flow, ttl)).toBe(known.get(`${flow}.${ttl}`) ?? -1);
      }
    }),
  );
});
