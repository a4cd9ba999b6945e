import type { Replies } from '../shared/api.ts';
import { type Result, refusal } from '../shared/errors.ts';
import { normalizeUsername } from '../shared/names.ts';
import { ChatRequests, notLoggedIn } from './chat-requests.ts';
import type { Chat, ChatEvent, ConnectionState, OutboxMessage } from './chat-types.ts';
import { ClientCore } from './client-core.ts';
import type { ChatClientOptions } from './client-options.ts';
import { checkConversation, checkMessage, checkPassword } from './input-checks.ts';

/** Messages of earlier runs that are told again at the start; older ones are a question of {@link Chat.history}. */
const HISTORY_AT_START = 2000;

/**
 * Chat over servers that come and go. Clock, randomness, connections and storage are given, so that the same code runs
 * in a terminal and in a simulator. See {@link Chat} for what it does.
 */
export class ChatClient extends ChatRequests implements Chat {
  #entering: Promise<unknown> | undefined;
  /** Resolves when the last message that waits for a log-in has its turn; so many wait. */
  #line: Promise<void> = Promise.resolve();
  #inLine = 0;

  constructor(options: ChatClientOptions) {
    super(new ClientCore(options));
  }

  get connection(): ConnectionState {
    return this.core.report.state;
  }

  get username(): string {
    return this.core.account.username;
  }

  get outbox(): readonly OutboxMessage[] {
    return this.core.outbox.waiting;
  }

  get isNewcomer(): boolean {
    return !this.core.store.known;
  }

  start(): void {
    const { store, options, emit, outbox, connections } = this.core;
    if (this.username !== '') {
      emit({ type: 'logged-in', username: this.username });
      const history = options.replay === false ? [] : store.history(HISTORY_AT_START);
      for (const message of history) emit({ type: 'message', message, replayed: true });
    }
    outbox.load();
    if (this.outbox.length > 0) emit({ type: 'outbox', waiting: this.outbox });
    connections.start();
  }

  onEvent(listener: (event: ChatEvent) => void): () => void {
    this.core.listeners.add(listener);
    return () => this.core.listeners.delete(listener);
  }

  createAccount(username: string, password: string): Promise<Result<{ username: string }>> {
    return this.#enter('account:create', username, password);
  }

  logIn(username: string, password: string): Promise<Result<{ username: string }>> {
    return this.#enter('session:open', username, password);
  }

  async logOut(): Promise<Result<object>> {
    if (this.username === '') return notLoggedIn();
    // What was read here is told while that is possible.
    this.core.news.readMarks.flush();
    return this.core.write('session:close', {}, () => this.core.account.leave('You logged out.'));
  }

  async logOutEverywhere(): Promise<Result<object>> {
    if (this.username === '') return notLoggedIn();
    this.core.news.readMarks.flush();
    const done = 'You logged out everywhere.';
    return this.core.write('session:close-all', {}, () => this.core.account.leave(done));
  }

  async deleteAccount(password: string): Promise<Result<object>> {
    const { username } = this;
    if (username === '') return notLoggedIn();
    const checked = checkPassword(password, 'wrong-password');
    if (!checked.ok) return checked;
    return this.core.write('account:delete', { password }, () => {
      const { error } = refusal('no-such-account', `The account ${username} was deleted.`);
      this.core.outbox.giveBack(error, username);
      this.core.account.leave(error.message);
    });
  }

  async send(to: string, body: string, options: { replyTo?: string } = {}): Promise<Result<Replies['message:send']>> {
    const message = checkMessage(to, body, options.replyTo);
    if (!message.ok) return message;
    if (this.#entering || this.#inLine > 0) {
      this.#inLine++;
      await this.#lineUp();
      this.#inLine--;
    }
    if (this.username === '') return notLoggedIn();
    const { store, outbox, news } = this.core;
    news.typing.onSent(message.value.to);
    try {
      const typedAt = this.core.options.clock.now();
      const stored = { request: store.takeNumber(), from: this.username, typedAt, ...message.value };
      return await this.core.pending.answered((resolve) => outbox.send(stored, resolve));
    } catch (failure) {
      return refusal('internal', `The message could not be kept, so it was not sent: ${(failure as Error).message}`);
    }
  }

  /** What is typed while a log-in is under way belongs to that one; one after the other, also when another log-in begins meanwhile. */
  #lineUp(): Promise<void> {
    const before = this.#line;
    this.#line = (async () => {
      await before;
      while (this.#entering) await this.#entering;
    })();
    return this.#line;
  }

  received(position: number): void {
    this.core.receipts.note(position);
  }

  markRead(conversation: string, position: number): void {
    const name = checkConversation(conversation);
    if (this.username === '' || !name.ok || !Number.isSafeInteger(position) || position < 1) return;
    this.core.news.readMarks.note({ with: name.value, position });
  }

  setTyping(conversation: string, typing: boolean): void {
    const name = checkConversation(conversation);
    if (this.username !== '' && name.ok) this.core.news.typing.set(name.value, typing);
  }

  close(): Promise<void> {
    return this.core.close();
  }

  async #enter(
    event: 'account:create' | 'session:open',
    typed: string,
    password: string,
  ): Promise<Result<{ username: string }>> {
    const name = normalizeUsername(typed);
    if (!name.ok) return name;
    const checked = checkPassword(password, event === 'account:create' ? 'weak-password' : 'wrong-password');
    if (!checked.ok) return checked;
    const entered = this.core.write(event, { username: name.value, password }, (value, link) => {
      this.core.saw(value.position);
      this.core.account.onEntered(value, link);
    });
    this.#entering = entered;
    const result = await entered;
    if (this.#entering === entered) this.#entering = undefined;
    return result.ok ? { ok: true, value: { username: result.value.username } } : result;
  }
}
