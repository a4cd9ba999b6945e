import type { Cluster, Conversation, Message, Replies, Room } from '../shared/api.ts';
import type { Result } from '../shared/errors.ts';

/** Where the connection stands, for people: what they are told is made from this alone. */
export type ConnectionState =
  | { phase: 'connecting'; sinceMs: number; tried: readonly string[] }
  /** `server` is the primary; requests are answered. */
  | { phase: 'connected'; server: string; cluster: Cluster }
  /** Servers are reached (`reached`), but none of them is the primary. */
  | { phase: 'waiting'; sinceMs: number; reached: readonly string[]; cluster?: Cluster; reason: string }
  /** No server is reached. */
  | { phase: 'offline'; sinceMs: number; tried: readonly string[]; reason: string }
  | { phase: 'closed' };

/** One's own message that is not acknowledged yet; it stands in the durable outbox. */
export interface OutboxMessage {
  request: number;
  to: string;
  body: string;
  /** The id of the message that it answers. */
  replyTo?: string;
  /** When it was typed, milliseconds since 1970 by this machine's clock. */
  typedAt: number;
}

/** What the library tells its user, in the order in which it happened. */
export type ChatEvent =
  | { type: 'connection'; state: ConnectionState }
  /** It had been connected and now is again; `from` equals `to` when the same server came back. */
  | { type: 'moved'; from: string; to: string; silenceMs: number }
  | { type: 'logged-in'; username: string }
  | { type: 'logged-out'; reason: string }
  /** New or replayed; each message is told once, in the order of positions. One's own too. */
  | { type: 'message'; message: Message; replayed: boolean }
  | { type: 'message-deleted'; id: string; position: number }
  | { type: 'message-edited'; id: string; position: number; body: string; at: number }
  | { type: 'message-reacted'; id: string; position: number; from: string; reaction: string; on: boolean }
  /** It was edited, or reacted to, while nobody was connected here; this is how it is now. */
  | { type: 'message-changed'; position: number; message: Message }
  | { type: 'account-deleted'; username: string }
  | { type: 'account-changed'; username: string; displayName: string }
  | { type: 'account-blocked'; username: string; blocked: boolean }
  /** All conversations of the account, rooms included, after each connection and log-in; what changes later comes as the events below. */
  | { type: 'conversations'; conversations: readonly Conversation[] }
  | { type: 'conversation-read'; with: string; read: number }
  | { type: 'room-changed'; room: Room }
  | { type: 'room-joined'; room: string; username: string }
  | { type: 'room-left'; room: string; username: string; removed: boolean }
  | { type: 'room-deleted'; room: string }
  | { type: 'presence'; username: string; online: boolean }
  /** `with` is the conversation: a username or a room. Ends by itself `TYPING_SHOWN_MS` after the last one that said so. */
  | { type: 'typing'; with: string; username: string; typing: boolean }
  | { type: 'outbox'; waiting: readonly OutboxMessage[] }
  /** A message of the outbox was refused for good; its text is given back. */
  | { type: 'send-failed'; message: OutboxMessage; code: string; reason: string }
  /** Positions mean nothing any more (another cluster, or one that an operator forced): what was shown is to be dropped. */
  | { type: 'reload'; reason: string }
  /** A sentence for people that fits nowhere else. */
  | { type: 'notice'; text: string };

/**
 * Chat as a user's program sees it. The library behind it (`chat-client.ts`) finds the primary, moves when that changes,
 * resends what was not acknowledged under the same number, and replays what was missed.
 * Requests wait while there is no primary, for as long as `giveUpAfterMs` says (0: for ever).
 */
export interface Chat {
  readonly connection: ConnectionState;
  /** Empty while logged out. */
  readonly username: string;
  readonly outbox: readonly OutboxMessage[];
  /** No server ever answered on behalf of this client: its user has hardly an account yet. */
  readonly isNewcomer: boolean;
  /** Connects and keeps connected until `close`. Events come from now on. */
  start(): void;
  onEvent(listener: (event: ChatEvent) => void): () => void;
  createAccount(username: string, password: string): Promise<Result<{ username: string }>>;
  logIn(username: string, password: string): Promise<Result<{ username: string }>>;
  logOut(): Promise<Result<object>>;
  deleteAccount(password: string): Promise<Result<object>>;
  listAccounts(pattern?: string, after?: string): Promise<Result<Replies['account:list']>>;
  /** Puts the message into the durable outbox at once; resolves when it was acknowledged or refused for good. */
  send(to: string, body: string, options?: { replyTo?: string }): Promise<Result<Replies['message:send']>>;
  editMessage(id: string, body: string): Promise<Result<Replies['message:edit']>>;
  deleteMessage(id: string): Promise<Result<{ position: number }>>;
  react(id: string, reaction: string): Promise<Result<{ position: number }>>;
  unreact(id: string, reaction: string): Promise<Result<{ position: number }>>;
  message(id: string): Promise<Result<Message>>;
  /** Looks at a bounded number of messages, from the newest (below `before`) back; see `message:search`. */
  search(ask: { text: string; with?: string; before?: number }): Promise<Result<Replies['message:search']>>;
  history(ask: {
    after?: number;
    before?: number;
    with?: string;
    limit?: number;
  }): Promise<Result<Replies['message:history']>>;
  /** Tells the server that everything up to this position has reached its reader. */
  received(position: number): void;
  /** Tells the servers, and so the account's other devices, that a conversation was read up to a position. Kept until it is told. */
  markRead(conversation: string, position: number): void;
  /** Says that its user is typing there, or not any more; to be called at each key, it is told no more often than needed. */
  setTyping(conversation: string, typing: boolean): void;
  /** Names of rooms are `#name`. */
  createRoom(room: string, topic?: string): Promise<Result<{ position: number }>>;
  joinRoom(room: string): Promise<Result<{ position: number }>>;
  leaveRoom(room: string): Promise<Result<{ position: number }>>;
  deleteRoom(room: string): Promise<Result<{ position: number }>>;
  setTopic(room: string, topic: string): Promise<Result<{ position: number }>>;
  removeFromRoom(room: string, username: string): Promise<Result<{ position: number }>>;
  readmitToRoom(room: string, username: string): Promise<Result<{ position: number }>>;
  listRooms(pattern?: string, after?: string): Promise<Result<Replies['room:list']>>;
  roomMembers(room: string, after?: string): Promise<Result<Replies['room:members']>>;
  settings(): Promise<Result<Replies['account:settings']>>;
  /** Empty takes it away. */
  setDisplayName(displayName: string): Promise<Result<{ position: number }>>;
  changePassword(password: string, newPassword: string): Promise<Result<object>>;
  logOutEverywhere(): Promise<Result<object>>;
  block(username: string): Promise<Result<{ position: number }>>;
  unblock(username: string): Promise<Result<{ position: number }>>;
  /**
   * Sets a document: `key` is a UUID4, `value` any JSON value, of at most 262,144 bytes as text. Needs no log-in, and anybody may read and change it. `created`
   * is false when it replaced another value; `replicas` servers have it on their disks. Refused with `invalid-key`, `too-large`, `bad-request` (no JSON) or
   * `limit-reached`. Not kept when the program ends before it was acknowledged.
   */
  setDocument(key: string, value: unknown): Promise<Result<Replies['document:set']>>;
  /** Never older than what was acknowledged, to anybody, before it was asked. Needs no log-in. */
  getDocument(key: string): Promise<Result<Replies['document:get']>>;
  /** `deleted` is false when there was none. Needs no log-in. */
  deleteDocument(key: string): Promise<Result<Replies['document:delete']>>;
  /** Closes the connection and the files. What is in the outbox stays there. */
  close(): Promise<void>;
}
