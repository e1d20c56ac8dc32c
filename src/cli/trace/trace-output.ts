/** Writes what traces found: JSON lines as traces end, all else in the order of the targets. */

import { hostname } from 'node:os';
import { printable } from '../../lib/printable.ts';
import type { TraceRecord } from '../../model/trace-record.ts';
import { plainPaint } from '../../report/paint.ts';
import type { TraceFormatContext } from '../../report/trace/trace-format-context.ts';
import { type TraceFormatter, traceFormatter } from '../../report/trace/trace-formats.ts';
import { errorDocument, reportError } from '../cli-error.ts';
import { paintFor, wantsColor } from '../terminal.ts';
import type { TraceFlags } from './trace-flags.ts';
import { isNumeric } from './trace-request.ts';

/** What became of one target. */
export type Outcome = { readonly record: TraceRecord } | { readonly error: unknown };

/** The output of one command. */
export class TraceOutput {
  readonly #targets: readonly string[];
  readonly #flags: TraceFlags;
  readonly #format: TraceFormatter;
  readonly #context: TraceFormatContext;
  #written = 0;

  private constructor(targets: readonly string[], flags: TraceFlags, context: TraceFormatContext) {
    const name = flags.json ? 'json' : flags.jsonl ? 'jsonl' : flags.format;
    this.#targets = targets;
    this.#flags = flags;
    this.#format = traceFormatter(name, flags.pretty);
    this.#context = context;
  }

  /** Loads all that writing will need. */
  static async open(targets: readonly string[], flags: TraceFlags): Promise<TraceOutput> {
    const { stdout, env } = process;
    const paint = wantsColor(stdout, env) ? await paintFor(stdout, env) : plainPaint;
    return new TraceOutput(targets, flags, {
      hostname: hostname(),
      nowSeconds: () => Math.floor(Date.now() / 1000),
      isNumeric: isNumeric(flags),
      paint,
    });
  }

  /**
   * Writes each outcome once it is there.
   *
   * @param before is called before anything is written
   * @throws the error of a lone target
   */
  async write(
    running: readonly Promise<Outcome>[],
    before: () => void,
  ): Promise<readonly Outcome[]> {
    const count = running.length;
    const one = async (each: Promise<Outcome>, index: number): Promise<Outcome> => {
      const outcome = await each;
      before();
      this.#writeOne(outcome, index);
      return outcome;
    };
    if (this.#flags.jsonl) return Promise.all(running.map(one));
    const outcomes: Outcome[] = [];
    for (const [index, each] of running.entries()) outcomes.push(await one(each, index));
    if (this.#written === 0) process.stdout.write(this.#format.before(count, this.#context));
    process.stdout.write(this.#format.after(count, this.#context));
    return outcomes;
  }

  #writeOne(outcome: Outcome, index: number): void {
    const count = this.#targets.length;
    if ('record' in outcome) {
      this.#part(this.#format.each(outcome.record, count, this.#context));
      return;
    }
    const { error } = outcome;
    if (count === 1) throw error;
    const { stdout, stderr } = process;
    reportError(error, { form: 'text', stdout, stderr });
    const { json, jsonl } = this.#flags;
    if (!json && !jsonl) return;
    const target = printable(this.#targets[index] ?? '');
    const document = { ...(jsonl ? { type: 'error' } : {}), ...errorDocument(error), target };
    this.#part(`${JSON.stringify(document)}${jsonl ? '\n' : ''}`);
  }

  #part(text: string): void {
    const count = this.#targets.length;
    const lead = this.#written === 0 ? this.#format.before(count, this.#context) : undefined;
    process.stdout.write(lead ?? this.#format.between);
    process.stdout.write(text);
    this.#written++;
  }
}
