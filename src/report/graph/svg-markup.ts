/** Text as XML and HTML, whatever it contains, and numbers as short as drawings need them. */

import { keptPrintable } from '../../lib/printable.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** As element content or as a quoted attribute value. */
export function escaped(text: string): string {
  return keptPrintable(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** At most one decimal. */
export function short(value: number): string {
  return String(Math.round(10 * value) / 10);
}

/** `18.3 %`; never rounds up to 100 %, nor down to 0 %. */
export function percent(ratio: number): string {
  if (ratio <= 0) return '0 %';
  if (ratio >= 1) return '100 %';
  const digits = ratio < 0.3 || ratio > 0.99 ? 1 : 0;
  const rounded = (100 * ratio).toFixed(digits);
  if (Number(rounded) === 0) return '< 0.1 %';
  return Number(rounded) === 100 ? '> 99.9 %' : `${Number(rounded)} %`;
}

/** `> 0.999`, `0.97`. */
export function probabilityText(probability: number): string {
  if (probability > 0.999) return '> 0.999';
  return probability < 0.001 ? '< 0.001' : probability.toPrecision(probability > 0.99 ? 3 : 2);
}
