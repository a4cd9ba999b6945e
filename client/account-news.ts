import type { Conversation, ReadEvent, Replies, RequestOf } from '../shared/api.ts';
import type { Result } from '../shared/errors.ts';
import { nameKey } from '../shared/names.ts';
import type { ChatEvent } from './chat-types.ts';
import type { Clock } from './clock.ts';
import { type ConversationNews, ConversationSync } from './conversation-sync.ts';
import type { Link } from './link.ts';
import { newsOf } from './pushes.ts';
import { ReadMarks } from './read-marks.ts';
import type { ClientStore, ToldEvent } from './store.ts';
import type { Told } from './told.ts';
import type { PushEvent } from './transport.ts';
import { Typing } from './typing.ts';

export interface AccountNewsOptions {
  store: ClientStore;
  clock: Clock;
  emit(event: ChatEvent): void;
  /** Empty while logged out. */
  username(): string;
  /** Asks the server that requests go to, whose pushes come in here; returns how to withdraw the question. */
  ask<E extends ReadEvent>(event: E, payload: RequestOf<E>, answer: (result: Result<Replies[E]>) => void): () => void;
  /** Where requests go, while that is reached. */
  target(): Link | undefined;
  /** A server told of this position. */
  saw(position: number): void;
  /** What was told is to be kept as this changes it. */
  keep(event: ToldEvent): void;
  /** Whether the list of conversations is fetched. */
  wantsList: boolean;
}

/** What an account hears besides messages: its conversations, rooms, what was read, who is there, who is typing. */
export class AccountNews {
  readonly readMarks: ReadMarks;
  readonly typing: Typing;
  readonly #options: AccountNewsOptions;
  readonly #conversations: ConversationSync;
  /** Up to here news were told; and up to where that was so when the present socket became ready. */
  #toldUpTo = 0;
  #toldBefore = 0;

  constructor(options: AccountNewsOptions) {
    const { store, clock, emit, ask } = options;
    this.#options = options;
    this.readMarks = new ReadMarks({
      store,
      clock,
      tell: (mark, answer) =>
        ask('conversation:read', mark, (result) => answer(result.ok ? undefined : result.error.code)),
    });
    this.typing = new Typing({ clock, emit, send: (conversation, typing) => this.#sayTyping(conversation, typing) });
    this.#conversations = new ConversationSync({
      fetch: (page, answer) => ask('conversation:list', page, answer),
      tellAll: (conversations, position) => this.#tellAll(conversations, position),
      tell: (news) => this.#tell(news),
      wanted: options.wantsList,
      onFailed: (reason) => emit({ type: 'notice', text: `The list of conversations cannot be fetched: ${reason}` }),
    });
  }

  /** The account's full socket is ready. */
  onReady(): void {
    this.#toldBefore = this.#toldUpTo;
    this.readMarks.onReady();
    this.#conversations.onReady();
  }

  /** The connection was lost, or moved, or nobody is logged in. */
  suspend(): void {
    this.readMarks.suspend();
    this.#conversations.suspend();
    this.typing.suspend();
  }

  /** Positions mean nothing any more. */
  forgetPositions(): void {
    this.#toldUpTo = 0;
    this.#toldBefore = 0;
  }

  /** Something was pushed by the full socket that was ready last. Its server may be behind the one before it: what that one told is not told again. */
  onPush(event: PushEvent, payload: unknown): void {
    const { position: at } = payload as { position?: unknown };
    if (typeof at === 'number' && at <= this.#toldBefore) return;
    const news = newsOf(event, payload);
    if (news) {
      this.#conversations.onPush(news);
    } else if (event === 'typing:changed') {
      this.typing.onPush(payload as { with: string; username: string; typing: boolean });
    } else if (event === 'account:deleted') {
      const { username } = payload as { username: string };
      this.#options.emit({ type: 'account-deleted', username });
    } else if (event === 'account:blocked') {
      const { username, blocked, position } = payload as { username: string; blocked: boolean; position: number };
      this.#saw(position);
      this.#options.emit({ type: 'account-blocked', username, blocked });
    }
  }

  /** Something of the account's messages was told. */
  onTold(event: Told): void {
    if ('message' in event) this.typing.onMessage(event.message);
  }

  close(): void {
    this.readMarks.close();
    this.suspend();
  }

  #saw(position: number): void {
    this.#toldUpTo = Math.max(this.#toldUpTo, position);
    this.#options.saw(position);
  }

  #sayTyping(conversation: string, typing: boolean): boolean {
    const target = this.#options.target();
    if (!target?.open || !target.ready) return false;
    target.connection.request('typing:set', { with: conversation, typing }, () => undefined);
    return true;
  }

  #tellAll(listed: readonly Conversation[], position: number): void {
    const { store, keep, emit } = this.#options;
    this.#saw(position);
    for (const conversation of listed) this.readMarks.onSettled(conversation.with, conversation.read);
    const present = new Set(listed.map((conversation) => nameKey(conversation.with)));
    const written = store.history(Number.MAX_SAFE_INTEGER).map(({ to }) => to);
    for (const room of new Set(written.filter((to) => to.startsWith('#') && !present.has(nameKey(to))))) {
      keep({ left: { room, position } });
    }
    emit({ type: 'conversations', conversations: listed.map((conversation) => this.#asReadHere(conversation)) });
  }

  /** The servers may not know yet what was read here. */
  #asReadHere(conversation: Conversation): Conversation {
    const read = this.readMarks.untold(conversation.with);
    if (read <= conversation.read) return conversation;
    return { ...conversation, read, unread: read >= conversation.last ? 0 : conversation.unread };
  }

  #tell({ event, position }: ConversationNews): void {
    const { emit, username } = this.#options;
    if (position !== undefined) this.#saw(position);
    if (event.type === 'conversation-read') {
      this.readMarks.onSettled(event.with, event.read);
      // An older mark says nothing new where more was read since, which the servers do not know yet.
      if (event.read < this.readMarks.untold(event.with)) return;
    }
    const isGone =
      event.type === 'room-deleted' || (event.type === 'room-left' && nameKey(event.username) === nameKey(username()));
    if (isGone) this.#leave(event.room, position ?? 0);
    emit(event);
  }

  #leave(room: string, position: number): void {
    this.readMarks.onLeft(room);
    this.#options.keep({ left: { room, position } });
  }
}
