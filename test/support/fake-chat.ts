import type { Chat, ChatEvent, ConnectionState, OutboxMessage } from '../../client/chat-types.ts';
import type { Cluster, Message, Replies } from '../../shared/api.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import { FakeServers } from './fake-servers.ts';

type HistoryAsk = Parameters<Chat['history']>[0];

/** A cluster of three servers, all of them up. */
export function healthyCluster(changes: Partial<Cluster> = {}): Cluster {
  const members = ['localhost:1538', 'localhost:2538', 'localhost:3538'];
  return {
    id: '7c1f6f58-6a0c-4e4f-8c3e-5c6f6d0f2a11',
    epoch: 0,
    view: 3,
    primary: 'localhost:1538',
    members,
    spares: [],
    witnesses: [],
    known: members,
    replicationFactor: 3,
    ...changes,
  };
}

export function connectedTo(server = 'localhost:1538', changes: Partial<Cluster> = {}): ConnectionState {
  return { phase: 'connected', server, cluster: healthyCluster({ primary: server, ...changes }) };
}

/** A chat without servers: a test says what happens, and reads what was asked for. */
export class FakeChat extends FakeServers implements Chat {
  connection: ConnectionState = { phase: 'closed' };
  outbox: OutboxMessage[] = [];
  isNewcomer = false;
  /** Acknowledges what is sent at once while connected. */
  acknowledges = true;
  /** Time stamped into messages. */
  nowMs = Date.UTC(2025, 10, 21, 12, 0);
  #listeners = new Set<(event: ChatEvent) => void>();
  #answers = new Map<number, (result: Result<Replies['message:send']>) => void>();
  #request = 0;

  tell(event: ChatEvent): void {
    if (event.type === 'connection') this.connection = event.state;
    for (const listener of [...this.#listeners]) listener(event);
  }

  connect(server?: string, changes?: Partial<Cluster>): void {
    this.tell({ type: 'connection', state: connectedTo(server, changes) });
  }

  /** Logged in and connected. */
  enter(username: string): void {
    this.connect();
    this.username = username;
    this.tell({ type: 'logged-in', username });
    this.tell({ type: 'conversations', conversations: this.conversations() });
  }

  /** Makes a message with the next position and tells of it. */
  deliver(from: string, to: string, body: string, more: Partial<Message> = {}): Message {
    const message = this.keep(from, to, body, more);
    this.tell({ type: 'message', message, replayed: false });
    return message;
  }

  /** Makes a message that only `history` tells of. */
  keep(from: string, to: string, body: string, more: Partial<Message> = {}): Message {
    const { position } = this.next();
    this.nowMs += 20_000;
    const message = { id: `m${position}`, position, from, to, body, at: this.nowMs, ...more };
    this.stored.push(message);
    return message;
  }

  /** Acknowledges everything that waits. */
  acknowledgeAll(): void {
    for (const waiting of [...this.outbox]) {
      const answered = waiting.replyTo === undefined ? {} : { replyTo: waiting.replyTo };
      const { id, position, at } = this.deliver(this.username, waiting.to, waiting.body, answered);
      this.#leaveOutbox(waiting);
      this.#answers.get(waiting.request)?.(success({ id, position, at }));
    }
  }

  /** Refuses everything that waits, for good. */
  refuseAll(reason: string): void {
    for (const waiting of [...this.outbox]) {
      this.tell({ type: 'send-failed', message: waiting, code: 'no-such-account', reason });
      this.#leaveOutbox(waiting);
      this.#answers.get(waiting.request)?.(refusal('no-such-account', reason));
    }
  }

  #leaveOutbox(gone: OutboxMessage): void {
    this.outbox = this.outbox.filter((one) => one.request !== gone.request);
    this.tell({ type: 'outbox', waiting: this.outbox });
  }

  start(): void {
    this.asked.push('start');
    this.tell({
      type: 'connection',
      state: { phase: 'connecting', sinceMs: this.nowMs, tried: ['localhost:1538', 'localhost:2538'] },
    });
  }

  onEvent(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async createAccount(username: string, password: string): Promise<Result<{ username: string }>> {
    if (this.accounts.has(username)) return refusal('username-taken', `The username "${username}" is taken.`);
    this.accounts.set(username, password);
    this.enter(username);
    return success({ username });
  }

  async logIn(username: string, password: string): Promise<Result<{ username: string }>> {
    this.asked.push(`log in ${username}`);
    if (this.accounts.get(username) !== password) {
      return refusal('wrong-password', `There is no account "${username}" with this password.`);
    }
    this.enter(username);
    return success({ username });
  }

  async logOut(): Promise<Result<object>> {
    this.username = '';
    this.tell({ type: 'logged-out', reason: 'You logged out.' });
    return success({});
  }

  async deleteAccount(password: string): Promise<Result<object>> {
    this.asked.push('delete account');
    if (this.accounts.get(this.username) !== password) return refusal('wrong-password', 'The password is wrong.');
    return this.logOut();
  }

  async listAccounts(pattern = '*'): Promise<Result<Replies['account:list']>> {
    this.asked.push(`list ${pattern}`);
    const accounts = [...this.accounts.keys()].map((username, index) => ({ username, online: index % 2 === 0 }));
    return success({ accounts, more: false });
  }

  send(to: string, body: string, options: { replyTo?: string } = {}): Promise<Result<Replies['message:send']>> {
    this.asked.push(`send ${to}: ${body}`);
    this.#request += 1;
    const waiting: OutboxMessage = {
      request: this.#request,
      to,
      body,
      typedAt: this.nowMs + this.#request,
      ...options,
    };
    return new Promise((resolve) => {
      this.#answers.set(waiting.request, resolve);
      this.outbox = [...this.outbox, waiting];
      this.tell({ type: 'outbox', waiting: this.outbox });
      if (this.acknowledges && this.connection.phase === 'connected') queueMicrotask(() => this.acknowledgeAll());
    });
  }

  async deleteMessage(id: string): Promise<Result<{ position: number }>> {
    this.asked.push(`delete ${id}`);
    this.stored = this.stored.filter((message) => message.id !== id);
    const { position } = this.next();
    this.tell({ type: 'message-deleted', id, position });
    return success({ position });
  }

  async editMessage(id: string, body: string): Promise<Result<Replies['message:edit']>> {
    this.asked.push(`edit ${id}: ${body}`);
    if (!this.stored.some((one) => one.id === id)) return refusal('no-such-message', 'There is no such message.');
    const { position } = this.next();
    this.stored = this.stored.map((one) => (one.id === id ? { ...one, body, editedAt: this.nowMs } : one));
    this.tell({ type: 'message-edited', id, position, body, at: this.nowMs });
    return success({ position, at: this.nowMs });
  }

  async react(id: string, reaction: string): Promise<Result<{ position: number }>> {
    return this.reactAs(this.username, id, reaction, true);
  }

  async unreact(id: string, reaction: string): Promise<Result<{ position: number }>> {
    return this.reactAs(this.username, id, reaction, false);
  }

  /** Somebody gives a reaction, or takes it back. */
  reactAs(from: string, id: string, reaction: string, on: boolean): Result<{ position: number }> {
    this.asked.push(`${on ? 'react' : 'unreact'} ${id} ${reaction}`);
    const { position } = this.next();
    this.tell({ type: 'message-reacted', id, position, from, reaction, on });
    return success({ position });
  }

  async message(id: string): Promise<Result<Message>> {
    this.asked.push(`message ${id}`);
    const found = this.stored.find((one) => one.id === id);
    return found ? success(found) : refusal('no-such-message', 'There is no such message.');
  }

  async search(ask: Parameters<Chat['search']>[0]): Promise<Result<Replies['message:search']>> {
    this.asked.push(`search ${ask.text}`);
    const { before = Number.MAX_SAFE_INTEGER, text } = ask;
    const messages = this.stored.filter(
      (one) =>
        one.position < before &&
        one.body.toLowerCase().includes(text.toLowerCase()) &&
        (ask.with === undefined || this.isIn(one, ask.with)),
    );
    return success({ messages, position: 0, more: false });
  }

  async logOutEverywhere(): Promise<Result<object>> {
    this.asked.push('log out everywhere');
    return this.logOut();
  }

  async history(ask: HistoryAsk): Promise<Result<Replies['message:history']>> {
    this.asked.push(`history ${ask.with ?? 'of all'}`);
    const { before = Number.MAX_SAFE_INTEGER, limit = 100 } = ask;
    const matching = this.stored.filter(
      (message) => message.position < before && (!ask.with || this.isIn(message, ask.with)),
    );
    const messages = matching.slice(-limit);
    const { position } = this;
    return success({ messages, deletions: [], changes: [], position, more: messages.length < matching.length });
  }

  received(position: number): void {
    this.asked.push(`received ${position}`);
  }

  async close(): Promise<void> {
    this.asked.push('close');
  }
}
