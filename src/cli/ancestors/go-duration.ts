/** Durations as Go writes them: `10m`, `1h30m`, `1.5s`, `250ms`. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** Milliseconds; undefined for what Go would not read, or is below zero. */
export function goDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const digits = text.replace(/^\+/, '');
  if (digits === '' || digits.replaceAll(PART, '') !== '') return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of digits.matchAll(PART)) {
    ms += Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  }
  return ms;
}
