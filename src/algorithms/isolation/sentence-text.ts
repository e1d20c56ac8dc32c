/** Numbers and lists as the sentence of a verdict words them. */

/** `a`, `a or b`, `a, b or c`, `a, b, c or one of 2 more`. */
export function listed(items: readonly string[], max: number, conjunction: 'and' | 'or'): string {
  const named = items.slice(0, max);
  const rest = items.length - named.length;
  const last = rest > 0 ? `${conjunction === 'or' ? 'one of ' : ''}${rest} more` : named.pop();
  if (named.length === 0) return last ?? '';
  return `${named.join(', ')} ${conjunction} ${last}`;
}

/** Two significant digits, three from 10 % on. */
export function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(ratio >= 0.1 ? 3 : 2))} %`;
}

/** Never 1, which no measurement can reach. */
export function probability(value: number): string {
  return value > 0.999 ? '> 0.999' : `${Number(value.toFixed(3))}`;
}

/** Text at the start of a sentence: names of hosts stay as they are. */
export function opened(text: string): string {
  return /^(the|a|router) /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** `95 % confidence`. */
export function confidenceText(confidence: number): string {
  return `${Number((100 * confidence).toFixed(4))} % confidence`;
}
