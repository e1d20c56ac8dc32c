/**
 * A scamper that waits for commands on a control socket, and one session with it. Ends when either
 * of them does; whoever needs another starts another.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { printable } from '../../lib/printable.ts';
import { HostError } from '../../runtime/host/host-error.ts';
import { type ControlEvent, ControlSession } from './control-session.ts';
import { killGroup } from './external-program.ts';

export interface ScamperProcessOptions {
  /** The program. */
  readonly path: string;
  /** Where its socket is to be; nothing may be there. */
  readonly socketPath: string;
  /** Packets a second, of all traces together. */
  readonly packetsPerSecond: number;
  /** Bytes of a result at most. */
  readonly outputMax: number;
  readonly listener: ScamperListener;
}

/** Hears from a process. */
export interface ScamperListener {
  /** Anything but the answer to `attach`. */
  said(event: ControlEvent): void;
  /** It is over, and why; called once, after which nothing is said. */
  ended(reason: string): void;
}

const CONNECT_EVERY_MS = 20;
const START_MS = 10_000;
const COMPLAINT_MAX = 200;

/** A process with a session. */
export class ScamperProcess {
  readonly #options: ScamperProcessOptions;
  readonly #child: ChildProcess;
  readonly #session: ControlSession;
  readonly #exit: Promise<void>;
  #socket: Socket | undefined;
  #isOver = false;
  #complaint = '';

  private constructor(options: ScamperProcessOptions) {
    const { path, socketPath, packetsPerSecond, outputMax } = options;
    this.#options = options;
    this.#session = new ControlSession(outputMax);
    const args = ['-U', socketPath, '-p', String(packetsPerSecond)];
    this.#child = spawn(path, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#complaint === '') this.#complaint = chunk.toString('utf8', 0, COMPLAINT_MAX).trim();
    });
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#over(error.message);
        if (this.#child.pid === undefined) resolve();
      });
      this.#child.once('close', (code, signal) => {
        const how = signal === null ? `ended with status ${code}` : `was ended by ${signal}`;
        this.#over(this.#complaint === '' ? how : `${how}: ${printable(this.#complaint)}`);
        resolve();
      });
    });
  }

  /**
   * Starts a process and opens a session.
   *
   * @throws {HostError} where there is something at its socket's place already
   * @throws {Error} where it ends, or says nothing, before there is a session
   */
  static async start(options: ScamperProcessOptions): Promise<ScamperProcess> {
    if (await isTaken(options.socketPath)) {
      throw new HostError(
        'SOCKET_TAKEN',
        `the control socket ${options.socketPath} must not exist before scamper makes it\n` +
          `If no other scamper uses it: rm ${options.socketPath}`,
      );
    }
    let fail = (_: Error): void => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const { listener } = options;
    let isOpen = false;
    const started = new ScamperProcess({
      ...options,
      listener: {
        said: (event) => listener.said(event),
        ended: (reason) => (isOpen ? listener.ended(reason) : fail(new Error(reason))),
      },
    });
    const late = setTimeout(() => fail(new Error('its control socket did not come')), START_MS);
    try {
      await Promise.race([started.#attach(), failed]);
      isOpen = true;
      return started;
    } catch (error) {
      await started.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** Gives a command; its answer comes in turn. */
  send(command: string): void {
    this.#socket?.write(`${command}\n`);
  }

  /** Ends process and session, and waits until they have. */
  async close(): Promise<void> {
    this.#over('it was ended');
    await this.#exit;
    rmSync(this.#options.socketPath, { force: true });
  }

  async #attach(): Promise<void> {
    const socket = await this.#connected();
    this.#socket = socket;
    const attached = new Promise<void>((resolve, reject) => {
      let isAttached = false;
      const hear = (event: ControlEvent): void => {
        if (isAttached) this.#heard(event);
        else if (event.kind === 'ok') resolve();
        else reject(new Error(`it does not attach: ${printable(JSON.stringify(event))}`));
        isAttached = true;
      };
      socket.on('data', (chunk: Buffer) => {
        for (const event of this.#session.read(chunk)) if (!this.#isOver) hear(event);
      });
    });
    socket.on('error', (error) => this.#over(error.message));
    socket.on('close', () => this.#over('it closed its control socket'));
    this.send('attach format json');
    await attached;
  }

  #heard(event: ControlEvent): void {
    if (event.kind === 'garbage') this.#over(`it said ${printable(event.text.slice(0, 80))}`);
    else this.#options.listener.said(event);
  }

  /** Tries until the process listens or has ended: it tells nobody when it begins to. */
  async #connected(): Promise<Socket> {
    for (;;) {
      if (this.#isOver) throw new Error('it has ended');
      const socket = await connection(this.#options.socketPath);
      if (socket !== undefined) return socket;
      await new Promise((resolve) => setTimeout(resolve, CONNECT_EVERY_MS));
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.destroy();
    killGroup(this.#child);
    this.#options.listener.ended(reason);
  }
}

/** Whether something is there; a socket that nobody listens to, as the killed leave, goes. */
async function isTaken(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isSocket()) return true;
  const socket = await connection(path);
  if (socket === undefined) rmSync(path, { force: true });
  socket?.destroy();
  return socket !== undefined;
}

/** undefined while nobody listens there. */
function connection(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.off('error', giveUp);
      resolve(socket);
    });
    socket.once('error', giveUp);
    function giveUp(): void {
      socket.destroy();
      resolve(undefined);
    }
  });
}
