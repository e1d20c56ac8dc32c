/**
 * tcp-info's event socket as a source: a line for each connection that opens or closes. It reads as
 * fast as it can, since a slow reader holds up all others, and connects again when it is cut off.
 */

import { connect, type Socket } from 'node:net';
import type { Connection } from '../connection.ts';
import type { ConnectionSource, SourceListener, SourceName } from '../connection-source.ts';
import type { Alarm, WatchClock } from '../watch-clock.ts';
import { parseFlowEvent } from './flow-event.ts';

export interface EventSocketOptions {
  readonly path: string;
  readonly clock: WatchClock;
}

/** As in tcp-info's own clients. */
const LINE_MAX = 65_536;
/** Connections that are open at a time; beyond it the oldest are forgotten, and counted. */
const OPEN_MAX = 200_000;
const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 10_000;

/** Tells of connections that tcp-info says are closed. */
export class EventSocketSource implements ConnectionSource {
  readonly name: SourceName = 'eventsocket';
  readonly #options: EventSocketOptions;
  readonly #open = new Map<string, Connection>();
  #listener: SourceListener | undefined;
  #socket: Socket | undefined;
  #alarm: Alarm | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #partial = '';
  /** Whether the rest of the current line is to be thrown away. */
  #isSkipping = false;
  #isConnected = false;

  constructor(options: EventSocketOptions) {
    this.#options = options;
  }

  get isHearing(): boolean {
    return this.#isConnected;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    this.#connect();
  }

  close(): void {
    this.#listener = undefined;
    this.#alarm?.cancel();
    this.#socket?.destroy();
  }

  #connect(): void {
    this.#partial = '';
    this.#isSkipping = false;
    let reason = 'it ended';
    const socket = connect(this.#options.path).setEncoding('utf8');
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isConnected = true;
    });
    socket.on('data', (chunk: string) => {
      this.#backOffMs = BACK_OFF_MIN_MS;
      this.#take(chunk);
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => this.#reconnectLater(reason));
  }

  #reconnectLater(reason: string): void {
    this.#isConnected = false;
    if (this.#listener === undefined) return;
    if (this.#partial !== '') this.#garbage('half a line', this.#partial);
    const { path, clock } = this.#options;
    const again = `trying again in ${this.#backOffMs} ms`;
    this.#listener.trouble('disconnected', `no connection to ${path}: ${reason}; ${again}`);
    this.#alarm = clock.after(this.#backOffMs, () => this.#connect());
    this.#backOffMs = Math.min(BACK_OFF_MAX_MS, 2 * this.#backOffMs);
  }

  #take(chunk: string): void {
    const lines = chunk.split('\n');
    for (const [i, piece] of lines.entries()) {
      const isWhole = i < lines.length - 1;
      this.#add(piece);
      if (!isWhole) continue;
      if (!this.#isSkipping) this.#line(this.#partial);
      this.#partial = '';
      this.#isSkipping = false;
    }
  }

  #add(piece: string): void {
    if (this.#isSkipping) return;
    if (this.#partial.length + piece.length > LINE_MAX) {
      this.#garbage('a line without end', this.#partial + piece);
      this.#partial = '';
      this.#isSkipping = true;
      return;
    }
    this.#partial += piece;
  }

  #line(line: string): void {
    if (line.trim() === '') return;
    const event = parseFlowEvent(line);
    if (event === undefined) {
      this.#garbage('no event', line);
      return;
    }
    if (event.kind === 'open') {
      this.#opened(event.uuid, event.connection);
      return;
    }
    // The closing of one that was opened before we came is nothing unusual.
    const connection = this.#open.get(event.uuid);
    this.#open.delete(event.uuid);
    if (connection !== undefined) this.#listener?.ended(connection);
  }

  #opened(uuid: string, connection: Connection): void {
    this.#open.set(uuid, connection);
    if (this.#open.size <= OPEN_MAX) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
    this.#listener?.trouble('forgotten', `more than ${OPEN_MAX} connections are open`);
  }

  #garbage(what: string, text: string): void {
    this.#listener?.trouble(
      'garbage',
      `${what} from tcp-info: ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
}
