import { type ErrorCode, SERVER_STATE_CODES } from '../../../shared/errors.ts';
import { Violation } from '../checkers.ts';

/** R18: after a refusal for the server's own state no later number of the socket is served before the refused one comes again. */
export class SocketMarks {
  #refused: number | null = null;
  /** Of each number, how many sendings are not answered yet. */
  readonly #unanswered = new Map<number, number>();

  /**
   * A request has arrived.
   *
   * @param oldest the oldest number that its client still waits for, if it says so
   * @returns to be given the answer to this sending. Throws Violation when it should not have been served
   */
  onRequest(
    request: number | undefined,
    oldest: number | undefined,
  ): (reply: { ok: boolean; error?: { code: ErrorCode } }) => void {
    const refused = this.#refused;
    if (refused !== null && (request === refused || (oldest !== undefined && oldest > refused))) this.#refused = null;
    if (request === undefined) return () => {};
    this.#unanswered.set(request, (this.#unanswered.get(request) ?? 0) + 1);
    return (reply) => {
      const unanswered = this.#unanswered.get(request)! - 1;
      this.#unanswered.set(request, unanswered);
      if (reply.ok && this.#refused !== null && request > this.#refused)
        throw new Violation(
          `R18: request ${request} is done on a socket whose request ${this.#refused} was refused before`,
        );
      // Another sending of it, earlier or later, may still be done, and says then what became of it.
      if (!reply.ok && unanswered === 0 && SERVER_STATE_CODES.has(reply.error!.code)) this.#refused ??= request;
    };
  }
}
