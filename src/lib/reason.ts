/** What went wrong, in words, whatever was thrown. */

/** The message of an error; anything else as text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same of a call on a file, without the call and the path, which Node puts behind it. */
export function fileReasonOf(error: unknown): string {
  return reasonOf(error).replace(/, \w+( '.*')?$/, '');
}
