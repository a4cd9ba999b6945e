import type { LoggedIn } from '../shared/api.ts';
import { nameKey } from '../shared/names.ts';
import type { AccountNews } from './account-news.ts';
import type { ChatEvent } from './chat-types.ts';
import type { Connections } from './connections.ts';
import type { Link } from './link.ts';
import type { OutboxSender } from './outbox-sender.ts';
import type { Receipts } from './receipts.ts';
import type { Replay } from './replay.ts';
import type { ClientStore } from './store.ts';

export interface AccountParts {
  connections: Connections;
  replay: Replay;
  outbox: OutboxSender;
  receipts: Receipts;
  news: AccountNews;
}

/** Who is logged in, and what of that is kept when it ends. */
export class Account {
  readonly #store: ClientStore;
  readonly #emit: (event: ChatEvent) => void;
  readonly #parts: () => AccountParts;
  #username: string;

  constructor(store: ClientStore, emit: (event: ChatEvent) => void, parts: () => AccountParts) {
    this.#store = store;
    this.#emit = emit;
    this.#parts = parts;
    this.#username = store.session?.token ? store.session.username : '';
  }

  /** Empty while logged out. */
  get username(): string {
    return this.#username;
  }

  /** A log-in was answered over this link. */
  onEntered({ username, token }: LoggedIn, link: Link): void {
    const { connections, outbox } = this.#parts();
    this.#takeOver(username);
    this.#username = username;
    // First of all, so that nothing that is typed from here on gets a lower number.
    outbox.onLoggedIn(username);
    this.#store.saveSession({ username, token });
    connections.onLoggedIn(link, token);
    this.#emit({ type: 'logged-in', username });
    if (link === connections.target && link.ready) this.#resume(link);
    connections.reconcile();
  }

  /** The server says that the link's socket is a full one; before the log-in over it was answered, that says nothing. */
  onReady(link: Link): void {
    const expected = this.#username !== '' && link.token === this.#store.session?.token;
    if (expected && nameKey(link.ready!.username) === nameKey(this.#username)) this.#resume(link);
  }

  /** Something was refused for want of a log-in. */
  onNotLoggedIn(link: Link): void {
    const token = this.#store.session?.token;
    if (this.#username === '') return;
    if (link.token === token) this.lose('This log-in is no longer valid; log in again.');
    else this.#parts().outbox.onLoggedIn(this.#username);
  }

  /** The servers no longer accept the log-in. What was told stays, for the next log-in of the same user. */
  lose(reason: string): void {
    const { session } = this.#store;
    if (session) this.#store.saveSession({ username: session.username, token: '' });
    this.#parts().replay.suspend();
    this.#logOut(reason);
  }

  /** The user left: nothing of the account stays on this machine but what waits in the outbox. */
  leave(reason: string): void {
    this.#store.saveSession(undefined);
    this.#store.forgetHistory();
    this.#parts().replay.restart(undefined);
    this.#logOut(reason);
  }

  #resume(link: Link): void {
    const { replay, receipts, news } = this.#parts();
    receipts.onReady(link.ready!.received);
    news.onReady();
    replay.onReady(link.ready!);
  }

  /** What was told belongs to one account; another one starts afresh. */
  #takeOver(username: string): void {
    const owner = this.#store.session?.username;
    if (owner === undefined || nameKey(owner) === nameKey(username)) return;
    this.#store.forgetHistory();
    this.#parts().replay.restart(undefined);
  }

  #logOut(reason: string): void {
    const { connections, receipts, news } = this.#parts();
    receipts.onLoggedOut();
    news.suspend();
    if (this.#username === '') return;
    this.#username = '';
    if (connections.target) connections.target.token = undefined;
    this.#emit({ type: 'logged-out', reason });
    connections.reconcile();
  }
}
