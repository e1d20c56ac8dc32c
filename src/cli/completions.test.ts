import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completionScript } from './completions.ts';
import { buildProgram } from './program.ts';

const SCENARIOS = ['healthy-fabric', 'one-link-loses-20-percent'];

/** What bash offers for the last word. */
function offered(...words: string[]): string[] {
  const script = completionScript(buildProgram(), 'bash', SCENARIOS);
  const asking = `${script}
COMP_WORDS=(fantrace "$@"); COMP_CWORD=$#; _fantrace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', asking, 'bash', ...words], {
    encoding: 'utf8',
    cwd: '/',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  test.each([
    { words: ['iso'], offers: ['isolate'] },
    { words: ['isolate', '--max-t'], offers: ['--max-ttl', '--max-time'] },
    { words: ['isolate', '--simulate', 'one'], offers: ['one-link-loses-20-percent'] },
    { words: ['isolate', '--show', 'su'], offers: ['suspects'] },
    { words: ['isolate', '--record', '/et'], offers: ['/etc'] },
    { words: ['isolate', '--port', ''], offers: [] },
    { words: ['simulate', 'heal'], offers: ['healthy-fabric'] },
    { words: ['completions', 'z'], offers: ['zsh'] },
    { words: ['completions', 'e'], offers: [] },
    { words: ['analyze', '/et'], offers: ['/etc'] },
    { words: ['nothing', ''], offers: [] },
  ])('$words: $offers', ({ words, offers }) => {
    expect(offered(...words)).toEqual(offers);
  });
});

test('another shell is refused with those that there are', () => {
  const asking = buildProgram().parseAsync(['completions', 'tcsh'], { from: 'user' });
  return expect(asking).rejects.toThrow('SHELL: "tcsh" is not one of bash, zsh, fish');
});

test.each(['zsh', 'fish'] as const)('%s knows every command and every flag', (shell) => {
  const program = buildProgram();
  const script = completionScript(program, shell, SCENARIOS);
  for (const command of program.commands) {
    expect(script).toContain(command.name());
    for (const { long } of command.options) {
      if (long === undefined || long === null) continue;
      expect(script).toContain(shell === 'zsh' ? `'${long}[` : `-l ${long.slice(2)} `);
    }
  }
});
