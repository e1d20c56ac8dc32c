/**
 * Traces by the library, in a process of its own, and prints the records as a JSON array.
 * Usage: traced.mjs TARGET OPTIONS_AS_JSON RUNS [busy]
 *
 * OPTIONS may be an array: then each run is all of these traces at once. `busy` blocks the event
 * loop for some milliseconds again and again meanwhile.
 */

const { trace } = /** @type {typeof import('../../src/index.ts')} */ (
  await import(new URL('../../dist/index.js', import.meta.url).href)
);

const BLOCKED_MS = 5;

const [target = '', json = '{}', runs = '1', load = ''] = process.argv.slice(2);
const options = [JSON.parse(json)].flat();
const records = [];
let isOver = false;

function block() {
  if (isOver) return;
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
  setImmediate(block);
}

if (load === 'busy') setImmediate(block);
for (let run = 0; run < Number(runs); run++) {
  const startedAt = performance.now();
  const together = await Promise.all(options.map((each) => trace(target, each)));
  const tookMs = performance.now() - startedAt;
  records.push(...together.map((record) => ({ ...record, tookMs })));
}
isOver = true;
console.log(JSON.stringify(records));
