/**
 * paris-traceroute, one process for each trace, as traceroute-caller ran it before v0.8. What it
 * prints is kept as it is.
 */

import { hostname } from 'node:os';
import type { Connection } from '../connection.ts';
import { TraceFailure, type TraceRequest, type TraceResult, type Tracer } from '../tracer.ts';
import { DESTINATION_TURNS, type DestinationTurns } from './destination-turns.ts';
import {
  type FoundProgram,
  findProgram,
  PARIS_TRACEROUTE,
  runProgram,
} from './external-program.ts';
import { ProgramRuns } from './program-runs.ts';
import { OUTPUT_MAX_BYTES } from './scamper.ts';

export interface ParisOptions {
  /** A command on the search path, or a path; `paris-traceroute` without. */
  readonly binary?: string;
  /** Bytes of a result at most. */
  readonly outputMax?: number;
  readonly turns?: DestinationTurns;
}

/** `traceroute [(10.0.0.1:456) -> (10.1.1.1:123)], protocol icmp, …` */
const HEAD = /^traceroute \[\(.+\) -> \(.+\)\], protocol /;
/** ` 3  P(6, 6) host (address)  0.1/0.2/0.3/0.0 ms`, or stars. */
const HOP = /^ *\d+ {1,2}\S/m;

/** Traces with `paris-traceroute`. */
export class Paris implements Tracer {
  readonly name = 'paris';
  /** Which program, and its version. */
  readonly program: FoundProgram;
  readonly #outputMax: number;
  readonly #runs: ProgramRuns;

  /** @throws {HostError} that says what to do where there is no paris-traceroute */
  constructor({ binary, outputMax = OUTPUT_MAX_BYTES, turns }: ParisOptions = {}) {
    this.#outputMax = outputMax;
    this.#runs = new ProgramRuns(turns ?? DESTINATION_TURNS);
    this.program = findProgram(PARIS_TRACEROUTE, binary);
  }

  /** @throws {TraceFailure} when there is no complete result */
  trace(connection: Connection, request: TraceRequest): Promise<TraceResult> {
    return this.#runs.run(connection.remoteAddress, request.signal, (signal) =>
      this.#run(connection, { ...request, signal }),
    );
  }

  /** Ends all traces under way, and waits for their processes. */
  close(): Promise<void> {
    return this.#runs.close();
  }

  async #run(
    { remoteAddress, remotePort, localPort }: Connection,
    { uuid, startedAtMs, signal }: TraceRequest,
  ): Promise<TraceResult> {
    const text = await runProgram(this.program.path, {
      args: [`--dst-port=${remotePort}`, `--src-port=${localPort}`, remoteAddress],
      signal,
      outputMax: this.#outputMax,
    });
    if (!HEAD.test(text) || !HOP.test(text) || !text.endsWith('\n')) {
      throw new TraceFailure('garbage', `${this.program.path} printed no whole trace`);
    }
    return { tracer: this.name, kind: 'paris', text, uuid, hostname: hostname(), startedAtMs };
  }
}
