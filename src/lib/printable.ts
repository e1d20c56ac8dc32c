/** Text from the network is hostile: this makes it safe to show. */

/**
 * Replaces everything that a terminal, a page or a log might act on: controls, and characters that
 * change the direction of text or are invisible (Unicode general categories C and Z but the space).
 *
 * @returns the text with `\u{…}` in their place
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\\]|(?! )\p{Zs}/gu, escaped);
}

/**
 * The same for text that claims to be printable already: backslashes stay, so that what was made
 * safe before is left as it is.
 */
export function keptPrintable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
