/**
 * What scamper says on its control socket, in JSON mode, taken apart: answers to commands, in the
 * order of the commands, and results, in the order in which they are ready. Reads no socket itself.
 */

/** Something that scamper said. */
export type ControlEvent =
  /** A command was taken; `text` is what stands behind `OK`, such as `id-7`. */
  | { readonly kind: 'ok'; readonly text: string }
  /** A command was refused. */
  | { readonly kind: 'error'; readonly text: string }
  /** It would take another command. */
  | { readonly kind: 'more' }
  /** A result, without its newline. */
  | { readonly kind: 'data'; readonly text: string }
  /** What it says is no protocol of ours: the session cannot go on. */
  | { readonly kind: 'garbage'; readonly text: string };

/** No line of the protocol itself is longer. */
const LINE_MAX = 4096;

/** A reader of one session. */
export class ControlSession {
  readonly #dataMax: number;
  #waiting: Buffer = Buffer.alloc(0);
  /** Parts of a result on its way, and how much of it lacks. */
  #parts: Buffer[] = [];
  #lacking = 0;
  #isBroken = false;

  /** @param dataMax bytes of a result at most: what is announced as longer is garbage */
  constructor(dataMax: number) {
    this.#dataMax = dataMax;
  }

  /** Takes in what came, in whatever pieces. Nothing follows a `garbage`. */
  *read(chunk: Buffer): Generator<ControlEvent> {
    let rest = chunk;
    while (rest.length > 0 && !this.#isBroken) {
      const [event, left] = this.#lacking > 0 ? this.#readData(rest) : this.#readLine(rest);
      rest = left;
      if (event !== undefined) yield event;
    }
  }

  #readData(chunk: Buffer): [ControlEvent | undefined, Buffer] {
    const part = chunk.subarray(0, this.#lacking);
    this.#parts.push(part);
    this.#lacking -= part.length;
    const event = this.#lacking === 0 ? this.#data() : undefined;
    return [event, chunk.subarray(part.length)];
  }

  #readLine(chunk: Buffer): [ControlEvent | undefined, Buffer] {
    const end = chunk.indexOf(0x0a);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    const left = chunk.subarray(end < 0 ? chunk.length : end + 1);
    const line = Buffer.concat([this.#waiting, part]);
    const isTooLong = line.length > LINE_MAX;
    if (end < 0 && !isTooLong) {
      this.#waiting = line;
      return [undefined, left];
    }
    this.#waiting = Buffer.alloc(0);
    return [this.#line(line.subarray(0, LINE_MAX).toString('utf8'), isTooLong), left];
  }

  #line(text: string, isTooLong: boolean): ControlEvent | undefined {
    if (!isTooLong) {
      const [, word, rest = ''] = /^(OK|ERR|MORE|DATA)(?: (.*))?$/.exec(text) ?? [];
      if (word === 'OK') return { kind: 'ok', text: rest };
      if (word === 'ERR') return { kind: 'error', text: rest };
      if (word === 'MORE') return { kind: 'more' };
      if (word === 'DATA' && /^[1-9]\d{0,9}$/.test(rest) && Number(rest) <= this.#dataMax) {
        this.#lacking = Number(rest);
        return undefined;
      }
    }
    this.#isBroken = true;
    return { kind: 'garbage', text };
  }

  #data(): ControlEvent {
    const text = Buffer.concat(this.#parts).toString('utf8').replace(/\n$/, '');
    this.#parts = [];
    return { kind: 'data', text };
  }
}
