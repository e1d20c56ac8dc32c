/** Places in words, the same wherever a person reads of them. */

import type { Place } from './verdict.ts';

/** `the link 10.0.0.1 → 10.0.1.1`, `router 10.0.0.1 (and 3 more addresses)`, and so on. */
export function placeText({ kind, near, far, addresses, beforeTtl }: Place): string {
  if (beforeTtl !== undefined) {
    return far === null
      ? `what is before TTL ${beforeTtl}`
      : `the way to ${far} up to TTL ${beforeTtl}`;
  }
  if (kind === 'node') {
    const [first, ...others] = addresses;
    if (first === undefined) return 'a router that never answers';
    const more = others.length === 1 ? `also ${others[0]}` : `and ${others.length} more addresses`;
    return others.length === 0 ? `router ${first}` : `router ${first} (${more})`;
  }
  if (near !== null && far !== null) return `the link ${near} → ${far}`;
  if (near !== null) return `the link behind ${near} (its next hop was never seen)`;
  if (far !== null) return `the link into ${far} (from a hop that never answers)`;
  return 'a link between hops that never answer';
}
