/** One process of scamper for each trace. */

import type { Connection } from '../connection.ts';
import { TraceFailure, type TraceRequest, type TraceResult, type Tracer } from '../tracer.ts';
import { DESTINATION_TURNS, type DestinationTurns } from './destination-turns.ts';
import { type FoundProgram, findProgram, runProgram, SCAMPER } from './external-program.ts';
import { ProgramRuns } from './program-runs.ts';
import { completeResult } from './scamper-result.ts';
import { SCAMPER_TASK, type ScamperTask, scamperCommand } from './scamper-task.ts';

export interface ScamperOptions {
  /** A command on the search path, or a path; `scamper` without. */
  readonly binary?: string;
  readonly task?: Partial<ScamperTask>;
  /** Bytes of a result at most: files beyond 90 MB are not ingested. */
  readonly outputMax?: number;
  readonly turns?: DestinationTurns;
}

/** Larger files are refused by what reads them. */
export const OUTPUT_MAX_BYTES = 90_000_000;

/** Traces with `scamper -I`. */
export class Scamper implements Tracer {
  readonly name = 'scamper';
  /** Which program, and its version. */
  readonly program: FoundProgram;
  readonly #task: ScamperTask;
  readonly #outputMax: number;
  readonly #runs: ProgramRuns;

  /**
   * @throws {HostError} that says what to install where there is no scamper
   * @throws {RangeError} for a task beyond what scamper takes
   */
  constructor(options: ScamperOptions = {}) {
    this.#task = { ...SCAMPER_TASK, ...options.task };
    scamperCommand(this.#task, ''); // checks it
    this.#outputMax = options.outputMax ?? OUTPUT_MAX_BYTES;
    this.#runs = new ProgramRuns(options.turns ?? DESTINATION_TURNS);
    this.program = findProgram(SCAMPER, options.binary);
  }

  /** @throws {TraceFailure} when there is no complete result */
  trace({ remoteAddress }: Connection, { uuid, signal }: TraceRequest): Promise<TraceResult> {
    return this.#runs.run(remoteAddress, signal, (either) =>
      this.#run(remoteAddress, uuid, either),
    );
  }

  /** Ends all traces under way, and waits for their processes. */
  close(): Promise<void> {
    return this.#runs.close();
  }

  async #run(address: string, uuid: string, signal: AbortSignal): Promise<TraceResult> {
    const { kind } = this.#task;
    const text = await runProgram(this.program.path, {
      args: ['-o-', '-O', 'json', '-I', scamperCommand(this.#task, address)],
      signal,
      outputMax: this.#outputMax,
    });
    if (text === '') throw new TraceFailure('garbage', `${this.program.path} printed nothing`);
    return completeResult(text, { tracer: this.name, kind, uuid, address });
  }
}
