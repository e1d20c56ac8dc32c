/** Random streams for single places, so that traffic or faults in one change nothing in another. */

import { Random } from '../lib/random.ts';
import { mixBits } from './flow-hash.ts';

/**
 * A stream that depends on the seed and on the words for what it decides, and where.
 *
 * @param purpose such as `jitter r1.0 r2.1`
 */
export function placeRandom(seed: number, purpose: string): Random {
  const low = hashText(purpose, mixBits(seed >>> 0));
  const high = hashText(purpose, mixBits(~Math.floor(seed / 0x1_0000_0000) >>> 0));
  return new Random(low + (high & 0x1f_ffff) * 0x1_0000_0000);
}

function hashText(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = mixBits(Math.imul(hash, 31) ^ text.charCodeAt(i));
  return hash;
}
