/** Before the first lab: the program that they run must be what src/ says. */

import { build } from '../../tools/build.mjs';

export function setup(): void {
  if (!build({ ifNeeded: true }))
    throw new Error('src/ does not compile: nothing to test in a lab');
}
