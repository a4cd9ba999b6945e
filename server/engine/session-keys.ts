import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { ClientId, MessageId, SessionId } from '../../shared/ids.ts';

/**
 * R25: everything that is derived from the cluster's session key. The key is on every member and in no log, so tokens
 * are the same from every server, and neither log nor client table holds anything to steal.
 */
export class SessionKeys {
  readonly #key: () => string;

  /** @param key the session key as it is now; empty before the server belongs to a cluster */
  constructor(key: () => string) {
    this.#key = key;
  }

  tokenFor(session: SessionId): string {
    return `${session}.${this.#digest(`token ${session}`)}`;
  }

  sessionOf(token: string): SessionId | undefined {
    const session = token.slice(0, token.indexOf('.')) as SessionId;
    const expected = Buffer.from(this.tokenFor(session));
    const given = Buffer.from(token);
    const isGenuine = this.#key() !== '' && given.length === expected.length && timingSafeEqual(given, expected);
    return isGenuine ? session : undefined;
  }

  /** What tells a repeated request from a number used twice. Keyed, so that a deleted text cannot be confirmed by guessing. */
  askedDigest(asked: string): string {
    return this.#shortDigest(`asked ${asked}`).slice(0, 16);
  }

  /** A function of client and request, and no clue to the client's id. */
  messageId(client: ClientId, request: number): MessageId {
    return this.#shortDigest(`message ${client} ${request}`).slice(0, 22) as MessageId;
  }

  /** One call instead of an object for each request. Only ever shown cut short, so nobody can calculate on from it. */
  #shortDigest(text: string): string {
    return hash('sha256', `${this.#key()} ${text}`, 'hex');
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key()).update(text).digest('hex');
  }
}
