/** Which address of a name is measured, where it has several. */

import { afterEach, expect, test, vi } from 'vitest';
import { endpointsOf } from './isolate-target.ts';

vi.mock('node:dns/promises', () => ({
  lookup: (name: string) =>
    Promise.resolve(
      (name === 'one.example' ? ['192.0.2.1'] : ['192.0.2.9', '2001:db8::9', '\u001b[2J']).map(
        (address) => ({ address }),
      ),
    ),
}));
afterEach(() => vi.restoreAllMocks());

/** What is said on stderr of these targets. */
async function notesOn(...targets: string[]): Promise<string> {
  let notes = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    notes += String(text);
    return true;
  });
  const flags = { protocol: 'tcp' } as Parameters<typeof endpointsOf>[1];
  await endpointsOf(targets, flags);
  return notes;
}

test('of a name with several addresses the measured one is told, and the others', async () => {
  expect(await notesOn('many.example', 'one.example')).toBe(
    'fantrace: many.example is 192.0.2.9 in this run, and has other addresses, too: ' +
      '2001:db8::9, \\u{1b}[2J\n',
  );
});

test('a name of one address, and an address, need no note', async () => {
  expect(await notesOn('one.example', '198.51.100.7')).toBe('');
});
