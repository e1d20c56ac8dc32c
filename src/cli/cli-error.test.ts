import { expect, test } from 'vitest';
import { HostError } from '../runtime/host/host-error.ts';
import { ScenarioError } from '../sim/json-fields.ts';
import { CliError, reportError } from './cli-error.ts';

function reported(error: unknown): { line: string; document: Record<string, string> } {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  reportError(error, { form: 'document', stdout: sink('stdout'), stderr: sink('stderr') });
  return { line: written.stderr, document: JSON.parse(written.stdout) };
}

const failed = (code: string) => Object.assign(new Error('no such thing'), { code });

test.each([
  {
    shows: 'a mistake of the user with a hint',
    error: new CliError('USAGE', 'no target given', 'name a host'),
    line: 'fantrace: no target given (name a host)\n',
    code: 'USAGE',
  },
  {
    shows: 'a wrong scenario',
    error: new ScenarioError('faults[0]', 'loses nothing'),
    line: 'fantrace: scenario: faults[0]: loses nothing\n',
    code: 'SCENARIO_INVALID',
  },
  {
    shows: 'a refusal with commands to copy',
    error: new HostError('RAW_SOCKET_DENIED', 'not allowed\nrun:\n  sudo fantrace'),
    line: 'fantrace: not allowed\nrun:\n  sudo fantrace\n',
    code: 'RAW_SOCKET_DENIED',
  },
  {
    shows: 'a failed call',
    error: failed('EMFILE'),
    line: 'fantrace: no such thing\n',
    code: 'EMFILE',
  },
  {
    shows: 'lines and controls that a file put into a message',
    error: Object.assign(new Error('not JSON: {\n  \u001b[31m\u2028\u009b\n}'), { code: 'X' }),
    line: 'fantrace: not JSON: { \\u{1b}[31m\\u{2028}\\u{9b} }\n',
    code: 'X',
  },
  {
    shows: 'what is no error at all',
    error: 'thrown',
    line: 'fantrace: thrown\n',
    code: 'INTERNAL',
  },
])('tells $shows', ({ error, line, code }) => {
  const shown = reported(error);
  expect(shown.line).toBe(line);
  expect(shown.document).toMatchObject({ schema: 'fantrace.error/1', code });
});

test.each([new TypeError('x is undefined'), failed('ERR_INVALID_ARG_TYPE')])(
  'calls %s a bug, and says where',
  (error) => {
    const { line, document } = reported(error);
    expect(document['code']).toBe('INTERNAL');
    expect(line).toMatch(/^fantrace: .* \(this is a bug of fantrace: at .*\)\n$/);
  },
);
