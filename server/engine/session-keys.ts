import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { ClientId, MessageId, SessionId } from '../../shared/ids.ts';
import type { LogIn } from '../state/reader.ts';

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

  tokenFor({ session, openedAt }: LogIn): string {
    return `${session}.${openedAt}.${this.#digest(`token ${session} ${openedAt}`)}`;
  }

  logInOf(token: string): LogIn | undefined {
    const [session, openedAt] = token.split('.');
    const logIn: LogIn = { session: session as SessionId, openedAt: Number(openedAt) };
    const expected = Buffer.from(this.tokenFor(logIn));
    const given = Buffer.from(token);
    const isGenuine = this.#key() !== '' && given.length === expected.length && timingSafeEqual(given, expected);
    return isGenuine ? logIn : undefined;
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
