/** Failures as the user sees them: one line, what to do, and a stable code. */

import { printable } from '../lib/printable.ts';
import { HostError } from '../runtime/host/host-error.ts';
import { ScenarioError } from '../sim/json-fields.ts';

const ERROR_SCHEMA = 'fantrace.error/1';

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

/** What a stream of the process has in common with those of tests. */
interface Sink {
  write(text: string): unknown;
}

/** Text alone, with a JSON document, or with a record among JSON lines. */
export type ErrorForm = 'text' | 'document' | 'line';

/**
 * Writes an error: a line to stderr, and in the JSON forms an object to stdout as well.
 *
 * @param program under whose name; `fantrace` unless told
 */
export function reportError(
  error: unknown,
  {
    form,
    stdout,
    stderr,
    program = 'fantrace',
  }: { form: ErrorForm; stdout: Sink; stderr: Sink; program?: string },
): void {
  const document = errorDocument(error);
  const { message, hint } = document;
  stderr.write(`${program}: ${safe(message)}${hintText(safe(hint))}\n`);
  if (form === 'text') return;
  const written = form === 'line' ? { type: 'error', ...document } : document;
  stdout.write(`${JSON.stringify(written)}\n`);
}

/** An error as JSON has it. */
export function errorDocument(error: unknown): Described & { readonly schema: string } {
  const { code, message, hint } = describe(error);
  return { schema: ERROR_SCHEMA, code, message, hint };
}

interface Described {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

function describe(error: unknown): Described {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error), hint: '' };
  if (error instanceof HostError) {
    const [message = '', ...advice] = error.message.split('\n');
    return { code: error.code, message, hint: advice.join('\n') };
  }
  const message = error.message.replaceAll(/\s*\n\s*/g, ' '); // such as quoted files
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  if (error instanceof ScenarioError) return { code, message: `scenario: ${message}`, hint: '' };
  // Codes of Node's own that speak of wrong arguments are as much our fault as errors without one.
  if (code !== 'INTERNAL' && !code.startsWith('ERR_')) return { code, message, hint: '' };
  const frame = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  const hint = `this is a bug of fantrace${frame === undefined ? '' : `: ${frame.trim()}`}`;
  return { code: 'INTERNAL', message, hint };
}

/** In brackets; what has lines of its own, as commands to copy have, stands below. */
function hintText(hint: string): string {
  if (hint === '') return '';
  return hint.includes('\n') ? `\n${hint}` : ` (${hint})`;
}

/** Without what a terminal would act on: messages quote files that anybody may have made. */
function safe(text: string): string {
  return text.replaceAll(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (character) => printable(character));
}
