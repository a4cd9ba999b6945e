import { assert } from '../../shared/assert.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';

/** A log-in that is open. */
export interface Session {
  /** The op number of the `account:create` or `session:open` entry that opened it, as text. */
  readonly id: SessionId;
  readonly account: AccountId;
  /** Milliseconds since 1970 by the primary's clock. */
  readonly openedAt: number;
}

/** The open log-ins, at most {@link SESSIONS_PER_ACCOUNT} of each account. */
export class Sessions {
  readonly #byId = new Map<SessionId, Session>();
  /** Oldest first; accounts without an open session have no row. */
  readonly #byAccount = new Map<AccountId, Session[]>();

  /** Open sessions, oldest first. */
  all(): IterableIterator<Session> {
    return this.#byId.values();
  }

  find(id: string): Session | undefined {
    return this.#byId.get(id as SessionId);
  }

  /**
   * Opens a session, newer than all others.
   *
   * @returns the account's oldest session when it had to end for this one
   */
  open(session: Session): Session | undefined {
    assert(!this.#byId.has(session.id), `session ${session.id} is open already`);
    const ofAccount = this.#byAccount.get(session.account);
    this.#byId.set(session.id, session);
    if (ofAccount === undefined) {
      this.#byAccount.set(session.account, [session]);
      return undefined;
    }
    ofAccount.push(session);
    if (ofAccount.length <= SESSIONS_PER_ACCOUNT) return undefined;
    const oldest = ofAccount.shift()!;
    this.#byId.delete(oldest.id);
    return oldest;
  }

  /** The session must be open. */
  close(session: Session): void {
    const ofAccount = this.#byAccount.get(session.account) ?? [];
    const index = ofAccount.indexOf(session);
    assert(index >= 0, `session ${session.id} is not open`);
    this.#byId.delete(session.id);
    ofAccount.splice(index, 1);
    if (ofAccount.length === 0) this.#byAccount.delete(session.account);
  }

  /**
   * @param but the id of one that stays, if it is one of them
   * @returns the sessions that this ended, oldest first
   */
  closeAllOf(account: AccountId, but = ''): readonly Session[] {
    const ofAccount = this.#byAccount.get(account) ?? [];
    const closed = ofAccount.filter(({ id }) => id !== but);
    for (const session of closed) this.#byId.delete(session.id);
    if (closed.length === ofAccount.length) this.#byAccount.delete(account);
    else
      this.#byAccount.set(
        account,
        ofAccount.filter(({ id }) => id === but),
      );
    return closed;
  }

  /** How many are open. */
  count(account: AccountId): number {
    return this.#byAccount.get(account)?.length ?? 0;
  }
}
