/**
 * What the engine allocates where V8 inlines nothing: then every number beyond 32 bits that passes
 * from a function to another costs an object. For `engine`, which starts it with that flag of V8.
 */

import { FigureList } from '../measured-cost.ts';
import { allocationFigures } from './allocation.ts';

/** @returns 1 when a goal was missed */
export function main(): number {
  const figures = new FigureList();
  allocationFigures(figures, ', nothing inlined');
  return figures.missed === 0 ? 0 : 1;
}
