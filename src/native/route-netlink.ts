/** Questions to the kernel about routes and neighbours (rtnetlink), each with one answer. */

import { checked, libc } from './libc.ts';
import { AF_NETLINK, NETLINK_ROUTE, SOCK_CLOEXEC, SOCK_RAW } from './linux-abi.ts';
import {
  decodeNetlinkMessages,
  encodeNetlinkRequest,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  netlinkErrno,
} from './netlink-message.ts';
import { SystemCallError } from './system-error.ts';

const ANSWER_BYTES = 8192;

/** A socket to the kernel's tables. */
export class RouteNetlink {
  readonly #fd: number;
  readonly #answer = new Uint8Array(ANSWER_BYTES);
  #sequence = 0;

  /** @throws {SystemCallError} */
  constructor() {
    this.#fd = checked('socket', libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  }

  /**
   * @param name of the question, for errors
   * @returns the answer, in memory that the next one overwrites
   * @throws {SystemCallError} naming the question, when the kernel answers with an error
   */
  ask(
    name: string,
    question: Pick<NetlinkRequest, 'type' | 'body' | 'attributes'>,
  ): NetlinkMessage {
    this.#sequence++;
    const request = encodeNetlinkRequest({
      ...question,
      flags: NLM_F_REQUEST,
      sequence: this.#sequence,
    });
    checked('send', libc().send(this.#fd, request, request.length, 0));
    // The kernel answers before `send` returns.
    const length = checked('recv', libc().recv(this.#fd, this.#answer, ANSWER_BYTES, 0));
    const [message] = decodeNetlinkMessages(this.#answer.subarray(0, length));
    if (message === undefined) throw new RangeError('the kernel sent no netlink message');
    if (message.type === NLMSG_ERROR) throw new SystemCallError(name, netlinkErrno(message));
    return message;
  }

  close(): void {
    checked('close', libc().close(this.#fd));
  }
}
