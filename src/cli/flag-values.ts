/** Readers of flag values. Each names the flag, the value and what is allowed when it refuses. */

import { formatDuration, parseDuration } from '../lib/duration.ts';
import { CliError } from './cli-error.ts';

/** A whole number in [min, max]. */
export function wholeNumber(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw refused(flag, text, `a whole number from ${min} to ${max}`);
  };
}

/** A number within (0, 1), or the same as a percentage: `0.95`, `95%`. */
export function probability(flag: string): (text: string) => number {
  return (text) => {
    const [, digits, percent] = /^(\d*\.?\d+)(%?)$/.exec(text) ?? [];
    const value = Number(digits) / (percent === '%' ? 100 : 1);
    if (value > 0 && value < 1) return value;
    throw refused(flag, text, 'between 0 and 1, or a percentage such as 2%');
  };
}

/** A duration with its unit, in microseconds. */
export function duration(flag: string, minUs: number, maxUs: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= minUs && value <= maxUs) return value;
    const range = `${formatDuration(minUs)} to ${formatDuration(maxUs)}`;
    throw refused(flag, text, `a duration with its unit (200ms, 5s, 1m), ${range}`);
  };
}

function refused(flag: string, text: string, allowed: string): CliError {
  return new CliError('USAGE', `${flag}: ${JSON.stringify(text)} is not ${allowed}`);
}
