/** Durations as text with a unit, in microseconds inside. */

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 };

/**
 * Reads `200ms`, `1.5s`, `1m`; a bare `0` needs no unit.
 *
 * @returns microseconds, an integer ≥ 0, or undefined when `text` is no duration
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text) ?? [];
  const scale = MICROSECONDS[unit ?? ''];
  return scale === undefined ? undefined : Math.round(Number(digits) * scale);
}

/** Writes microseconds with three significant digits and the unit that fits: `12.3 ms`. */
export function formatDuration(us: number): string {
  const [scale, unit] = us < 1e3 ? [1, 'µs'] : us < 1e6 ? [1e3, 'ms'] : [1e6, 's'];
  return `${Number((us / scale).toPrecision(3))} ${unit}`;
}
