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
  /** To whom it is connected, or why it is not. */
  | { type: 'connection'; state: ConnectionState }
  /** It had been connected and now is again; `from` equals `to` when the same server came back. */
  | { type: 'moved'; from: string; to: string; silenceMs: number }
  | { type: 'logged-in'; username: string }
  /** The log-in ended: by `logOut`, elsewhere, or because the servers do not know it any more. */
  | { type: 'logged-out'; reason: string }
  /** New or replayed; each message is told once, in the order of positions. One's own too. */
  | { type: 'message'; message: Message; replayed: boolean }
  | { type: 'message-deleted'; id: string; position: number }
  | { type: 'message-edited'; id: string; position: number; body: string; at: number }
  /** `on` is false when it was taken back. */
  | { type: 'message-reacted'; id: string; position: number; from: string; reaction: string; on: boolean }
  /** It was edited, or reacted to, while nobody was connected here; this is how it is now. */
  | { type: 'message-changed'; position: number; message: Message }
  /** Somebody's account is gone; the name may become another's. */
  | { type: 'account-deleted'; username: string }
  /** Somebody has another display name; empty: none. */
  | { type: 'account-changed'; username: string; displayName: string }
  /** One blocked somebody, or no longer does; on whatever device. */
  | { type: 'account-blocked'; username: string; blocked: boolean }
  /** All conversations of the account, rooms included, after each connection and log-in; what changes later comes as the events below. */
  | { type: 'conversations'; conversations: readonly Conversation[] }
  /** One read up to there, on whatever device. */
  | { type: 'conversation-read'; with: string; read: number }
  /** A room was made, or its topic or owner changed. */
  | { type: 'room-changed'; room: Room }
  | { type: 'room-joined'; room: string; username: string }
  /** `removed`: by the owner of the room. */
  | { type: 'room-left'; room: string; username: string; removed: boolean }
  | { type: 'room-deleted'; room: string }
  /** Whether somebody with whom one has a conversation is connected. */
  | { type: 'presence'; username: string; online: boolean }
  /** `with` is the conversation: a username or a room. Ends by itself `TYPING_SHOWN_MS` after the last one that said so. */
  | { type: 'typing'; with: string; username: string; typing: boolean }
  /** What was sent and is not acknowledged; told whenever that changes. */
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
  /** As the event `connection` told it last. */
  readonly connection: ConnectionState;
  /** Empty while logged out. */
  readonly username: string;
  /** What was sent and is not acknowledged yet, oldest first. */
  readonly outbox: readonly OutboxMessage[];
  /** No server ever answered on behalf of this client: its user has hardly an account yet. */
  readonly isNewcomer: boolean;
  /** Connects and keeps connected until `close`. Events come from now on. */
  start(): void;
  /** Calls the listener with every event from now on. @returns what ends that */
  onEvent(listener: (event: ChatEvent) => void): () => void;
  /** Makes an account and logs in to it. Waits for a server, as all that is asked for does. */
  createAccount(username: string, password: string): Promise<Result<{ username: string }>>;
  /** Logs in, until `logOut`: also over fail-overs, and with a store that outlives the program in its next run. */
  logIn(username: string, password: string): Promise<Result<{ username: string }>>;
  /** Ends this log-in; the account's others go on. */
  logOut(): Promise<Result<object>>;
  /** Deletes the account that is logged in; its log-ins end everywhere. */
  deleteAccount(password: string): Promise<Result<object>>;
  /** A page of the accounts whose names fit the pattern (`*` any characters, `?` one; all when absent), those above `after`. */
  listAccounts(pattern?: string, after?: string): Promise<Result<Replies['account:list']>>;
  /** Puts the message into the outbox at once, from where it is sent exactly once, in order, also after fail-overs; resolves when it was acknowledged or refused for good. */
  send(to: string, body: string, options?: { replyTo?: string }): Promise<Result<Replies['message:send']>>;
  /** Gives a message of one's own another text. */
  editMessage(id: string, body: string): Promise<Result<Replies['message:edit']>>;
  /** Deletes a message of one's own, or any in a room that one owns; for everybody. */
  deleteMessage(id: string): Promise<Result<{ position: number }>>;
  /** Adds a reaction, an emoji or a short word without spaces, to a message. */
  react(id: string, reaction: string): Promise<Result<{ position: number }>>;
  /** Takes one's own reaction back. */
  unreact(id: string, reaction: string): Promise<Result<{ position: number }>>;
  /** One message, as it is now. */
  message(id: string): Promise<Result<Message>>;
  /** Looks at a bounded number of messages, from the newest (below `before`) back; see `message:search`. */
  search(ask: { text: string; with?: string; before?: number }): Promise<Result<Replies['message:search']>>;
  /**
   * A page of messages, oldest first: everything that concerns the account above `after`, or the newest below `before`; `with` a username or a room only of that conversation.
   * `position` is the next `after`, when there is `more`.
   */
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
  /** Makes a room, `#name`; who makes it owns it. */
  createRoom(room: string, topic?: string): Promise<Result<{ position: number }>>;
  /** Becomes a member: only members read and write in a room. */
  joinRoom(room: string): Promise<Result<{ position: number }>>;
  /** Ends one's membership; a room that its last member leaves is deleted. */
  leaveRoom(room: string): Promise<Result<{ position: number }>>;
  /** Deletes a room that one owns, with all that was said in it. */
  deleteRoom(room: string): Promise<Result<{ position: number }>>;
  /** Sets the topic of a room that one owns; empty takes it away. */
  setTopic(room: string, topic: string): Promise<Result<{ position: number }>>;
  /** Removes a member from a room that one owns, who cannot join again until readmitted. */
  removeFromRoom(room: string, username: string): Promise<Result<{ position: number }>>;
  /** Lets somebody join again who was removed. */
  readmitToRoom(room: string, username: string): Promise<Result<{ position: number }>>;
  /** A page of the rooms whose names fit the pattern, those above `after`. */
  listRooms(pattern?: string, after?: string): Promise<Result<Replies['room:list']>>;
  /** A page of the members of a room, those above `after`. */
  roomMembers(room: string, after?: string): Promise<Result<Replies['room:members']>>;
  /** What the account is set to: its display name, whom it blocks, how many log-ins it has. */
  settings(): Promise<Result<Replies['account:settings']>>;
  /** What others are shown beside the username; empty takes it away. */
  setDisplayName(displayName: string): Promise<Result<{ position: number }>>;
  /** Sets another password; all other log-ins of the account end. */
  changePassword(password: string, newPassword: string): Promise<Result<object>>;
  /** Ends all log-ins of the account, this one too. */
  logOutEverywhere(): Promise<Result<object>>;
  /** Neither can write directly to the other any more, nor see when the other is there. */
  block(username: string): Promise<Result<{ position: number }>>;
  /** Takes a block back. */
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
