/** Durations as text with a unit, in microseconds inside. */

const MICROSECONDS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
};

/**
 * Reads `200ms`, `1.5s`, `1m`; a bare `0` needs no unit.
 *
 * @returns microseconds, a safe integer ≥ 0, or undefined when `text` is no duration or too long a
 *   one (285 years)
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text) ?? [];
  const scale = MICROSECONDS[unit ?? ''];
  const us = scale === undefined ? Number.NaN : Math.round(Number(digits) * scale);
  return Number.isSafeInteger(us) ? us : undefined;
}

/** Writes microseconds with three significant digits and the unit that fits: `12.3 ms`. */
export function formatDuration(us: number): string {
  const rounded = Number(us.toPrecision(3)); // before the unit is chosen: 999.9 ms is 1 s
  const [scale, unit] = rounded < 1e3 ? [1, 'µs'] : rounded < 1e6 ? [1e3, 'ms'] : [1e6, 's'];
  return `${rounded / scale} ${unit}`;
}
