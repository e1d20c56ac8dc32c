/** Text as XML and HTML, whatever it contains, and numbers as short as drawings need them. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Shows as `\u{…}` what a page or a viewer might act on: controls, lone surrogates, and characters
 * that turn the direction of text or are invisible. Unlike `printable` it leaves backslashes alone,
 * so that what was already made printable stays as it is.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

/** As element content or as a quoted attribute value. */
export function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
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
