/** Failures as the user sees them: one line, what to do, and a stable code. */

import { ScenarioError } from '../sim/json-fields.ts';

export const ERROR_SCHEMA = 'fantrace.error/1';

/** Something that kept us from measuring. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** Stable, for programs: `USAGE`, `UNKNOWN_HOST`, … */
  readonly code: string;
  /** What to do about it; empty when the message says it. */
  readonly hint: string;

  constructor(code: string, message: string, hint = '') {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Writes an error: a line to stderr, or with `json` one document to stdout as well. */
export function reportError(error: unknown, { json }: { json: boolean }): void {
  const { code, message, hint } = describe(error);
  const line = hint === '' ? message : `${message} (${hint})`;
  process.stderr.write(`fantrace: ${line}\n`);
  if (json) {
    process.stdout.write(`${JSON.stringify({ schema: ERROR_SCHEMA, code, message, hint })}\n`);
  }
}

function describe(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof CliError) return error;
  if (error instanceof ScenarioError) {
    return { code: error.code, message: `scenario: ${error.message}`, hint: '' };
  }
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
    const stack = code === 'INTERNAL' ? (error.stack ?? '') : '';
    const hint = stack === '' ? '' : `this is a bug of fantrace: ${stack.split('\n')[1]?.trim()}`;
    return { code, message: error.message, hint };
  }
  return { code: 'INTERNAL', message: String(error), hint: '' };
}
