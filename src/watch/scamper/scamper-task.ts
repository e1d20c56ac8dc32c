/** The tasks that scamper is given, as traceroute-caller has always worded them. */

import type { ScamperKind } from './scamper-file.ts';

/** How a client is traced. Ranges are those of `SCAMPER_RANGES`. */
export interface ScamperTask {
  readonly kind: ScamperKind;
  /** Between probes, in units of 10 ms; undefined leaves it to scamper. */
  readonly waitProbe: number | undefined;
  /** Whether names of hops are looked up. */
  readonly ptr: boolean;
  /** Probes at most, with `tracelb`; undefined for scamper's own limit, 3000. */
  readonly probesMax: number | undefined;
}

/** What M-Lab runs. */
export const SCAMPER_TASK: ScamperTask = {
  kind: 'tracelb',
  waitProbe: 25,
  ptr: true,
  probesMax: undefined,
};

/** What scamper takes, and we with it. */
export const SCAMPER_RANGES = {
  waitProbe: { min: 15, max: 200 },
  probesMax: { min: 50, max: 65_535 },
  packetsPerSecond: { min: 1, max: 10_000 },
} as const;

const METHODS: Readonly<Record<ScamperKind, string>> = {
  tracelb: 'tracelb -P icmp-echo',
  trace: 'trace -P udp-paris',
};

/**
 * The task as scamper reads it.
 *
 * @param address IPv4 in dotted form: to IPv4-mapped ones scamper sends nothing at all
 * @param userId comes back in the result; 0 is what it has without
 * @throws {RangeError} beyond what scamper takes
 */
export function scamperCommand(task: ScamperTask, address: string, userId = 0): string {
  const { kind, waitProbe, ptr, probesMax } = task;
  requireRange('waitProbe', waitProbe);
  requireRange('probesMax', probesMax);
  return [
    METHODS[kind],
    '-q 3',
    ...(waitProbe === undefined ? [] : [`-W ${waitProbe}`]),
    ...(probesMax === undefined || kind === 'trace' ? [] : [`-Q ${probesMax}`]),
    ...(ptr ? ['-O ptr'] : []),
    ...(userId === 0 ? [] : [`-U ${userId}`]),
    address,
  ].join(' ');
}

/** @throws {RangeError} naming the option */
export function requireRange(name: keyof typeof SCAMPER_RANGES, value: number | undefined): void {
  const { min, max } = SCAMPER_RANGES[name];
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw new RangeError(`${name}: ${value} is not ${min} to ${max}`);
}
