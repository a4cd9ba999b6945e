import { type ErrorCode, SERVER_STATE_CODES } from '../../../shared/errors.ts';
import { Violation } from '../checkers.ts';

/** R18: after a refusal for the server's own state no later number of the socket is served before the refused one comes again. */
export class SocketMarks {
  #refused: number | null = null;
  /** How often each number has come. */
  readonly #times = new Map<number, number>();

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
    const time = (this.#times.get(request) ?? 0) + 1;
    this.#times.set(request, time);
    return (reply) => {
      if (reply.ok && this.#refused !== null && request > this.#refused)
        throw new Violation(
          `R18: request ${request} is done on a socket whose request ${this.#refused} was refused before`,
        );
      // One that has come again meanwhile is answered once more.
      const isLastSending = this.#times.get(request) === time;
      if (!reply.ok && isLastSending && SERVER_STATE_CODES.has(reply.error!.code)) this.#refused ??= request;
    };
  }
}
