/** Counts in words. */

/** `1 flow`, `2 flows`, `2 replies`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
