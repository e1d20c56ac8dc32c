/** Lists of numbered names, such as those of routers, in few words. */

/** `r2.0…r2.3, x`: runs of at least three numbered names by their ends. */
export function nameRuns(names: readonly string[]): string {
  const runs: string[][] = [];
  for (const name of names) {
    const last = runs.at(-1);
    if (last !== undefined && follows(last.at(-1) ?? '', name)) last.push(name);
    else runs.push([name]);
  }
  return runs
    .map((run) => (run.length < 3 ? run.join(', ') : `${run[0]}…${run.at(-1)}`))
    .join(', ');
}

function follows(before: string, name: string): boolean {
  const [, stem, number] = /^(.*\D)(\d+)$/.exec(before) ?? [];
  return stem !== undefined && name === `${stem}${Number(number) + 1}`;
}
