import { type ErrorCode, SERVER_STATE_CODES } from '../../../shared/errors.ts';
import { Violation } from '../checkers.ts';

/** R18: after a refusal for the server's own state no later number of the socket is served before the refused one comes again. */
export class SocketMarks {
  #refused: number | null = null;

  /** A request has arrived; `oldest` is the oldest number that its client still waits for, if it says so. */
  onRequest(request: number | undefined, oldest: number | undefined): void {
    const refused = this.#refused;
    if (refused === null) return;
    if (request === refused || (oldest !== undefined && oldest > refused)) this.#refused = null;
  }

  /** @throws Violation when it should not have been served */
  onReply(request: number | undefined, reply: { ok: boolean; error?: { code: ErrorCode } }): void {
    if (request === undefined) return;
    if (reply.ok && this.#refused !== null && request > this.#refused)
      throw new Violation(
        `R18: request ${request} is done on a socket whose request ${this.#refused} was refused before`,
      );
    if (!reply.ok && SERVER_STATE_CODES.has(reply.error!.code)) this.#refused ??= request;
  }
}
