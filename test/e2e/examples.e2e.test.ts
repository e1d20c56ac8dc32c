/** The examples run as they stand, on the compiled package. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const EXAMPLES = new URL('../../examples/', import.meta.url);

test.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.mjs')))('%s passes', (file) => {
  const example = fileURLToPath(new URL(file, EXAMPLES));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', example], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
});
