import { expect, test } from 'vitest';
import { outputWidth, paintFor, wantsColor } from './terminal.ts';

const TERMINAL = { isTTY: true, columns: 120 };
const PIPE = {};

test.each([
  { output: TERMINAL, environment: {}, wants: true },
  { output: PIPE, environment: {}, wants: false },
  { output: PIPE, environment: { CI: 'true' }, wants: false },
  { output: TERMINAL, environment: { TERM: 'dumb' }, wants: false },
  { output: TERMINAL, environment: { NO_COLOR: '1' }, wants: false },
  { output: TERMINAL, environment: { NO_COLOR: '' }, wants: true },
  { output: PIPE, environment: { FORCE_COLOR: '1' }, wants: true },
  { output: PIPE, environment: { FORCE_COLOR: '' }, wants: true },
  { output: TERMINAL, environment: { FORCE_COLOR: '0' }, wants: false },
  { output: TERMINAL, environment: { FORCE_COLOR: 'false' }, wants: false },
  { output: TERMINAL, environment: { NO_COLOR: '1', FORCE_COLOR: '1' }, wants: false },
])('$output with $environment has colours: $wants', async ({ output, environment, wants }) => {
  expect(wantsColor(output, environment)).toBe(wants);
  const { bad } = await paintFor(output, environment);
  expect(bad('x')).toBe(wants ? '\u001b[31mx\u001b[39m' : 'x');
});

test.each([
  { output: TERMINAL, width: 120 },
  { output: { isTTY: true, columns: 0 }, width: 80 },
  { output: { isTTY: true, columns: 10 }, width: 40 },
  { output: PIPE, width: Number.POSITIVE_INFINITY },
])('$output is $width columns wide', ({ output, width }) => {
  expect(outputWidth(output)).toBe(width);
});
