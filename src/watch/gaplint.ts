/**
 * M-Lab's parser reads the gap limit of a tracelb line by a key that was misspelt once and for all,
 * `gaplint`; files carry both, so that what is ingested is not 0.
 */

const GAP_LIMIT = /"gaplimit":\s*(\d+)/;

/** A tracelb line with both keys; other lines come back as they are. */
export function withGaplint(line: string): string {
  if (line.includes('"gaplint"')) return line;
  return line.replace(GAP_LIMIT, (whole, value: string) => `${whole}, "gaplint":${value}`);
}
