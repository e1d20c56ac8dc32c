/** JSON as files have it: one document, a list of them, or one a line. */

import { reasonOf } from '../../lib/reason.ts';
import { TraceFileError } from './seen-traces.ts';

/** A document, and where it begins, as `line 3`; empty for the only one. */
export interface TextDocument {
  readonly value: unknown;
  readonly where: string;
}

/**
 * All documents of a text; a list counts as its items.
 *
 * @throws {TraceFileError} which names the line that is none
 */
export function documentsIn(text: string): TextDocument[] {
  const whole = text.replace(/^\uFEFF/, '').trim();
  if (whole === '') return [];
  const one = parsed(whole);
  if ('value' in one) {
    if (!Array.isArray(one.value)) return [{ value: one.value, where: '' }];
    return one.value.map((value, i) => ({ value, where: `item ${i + 1}` }));
  }
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const documents: TextDocument[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const each = parsed(line);
    // A document over several lines has no line that is one: its own complaint says where.
    if ('flaw' in each && documents.length === 0) throw noJson(one.flaw);
    if ('flaw' in each) {
      const why = i === lines.length - 1 ? ' (cut short? without it the others can be read)' : '';
      throw noJson(`line ${i + 1}: ${each.flaw}${why}`);
    }
    documents.push({ value: each.value, where: `line ${i + 1}` });
  }
  return documents;
}

/** Runs a reader of one document, so that what it complains of is told with its place. */
export function at<Result>(where: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TraceFileError) || where === '') throw error;
    throw new TraceFileError(`${where}: ${error.message}`, error.code);
  }
}

function parsed(text: string): { readonly value: unknown } | { readonly flaw: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { flaw: reasonOf(error) };
  }
}

function noJson(flaw: string): TraceFileError {
  return new TraceFileError(`it is no JSON: ${flaw}`);
}
