/** What Linux tells of this process in /proc/self/status (proc_pid_status(5)). */

import { readFileSync } from 'node:fs';

/** Its fields by their names, such as `CapEff`; none where there is no such file. */
export function processStatus(): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync('/proc/self/status', 'utf8').split('\n');
    return new Map(lines.map((line) => line.split(':\t') as [string, string]));
  } catch {
    return new Map(); // no Linux, and no capabilities
  }
}
