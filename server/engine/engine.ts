import type { Cluster, ServerStatus } from '../../shared/api.ts';
import type { ChatError, Result } from '../../shared/errors.ts';
import type { AccountId, ClientId, ConversationEnd } from '../../shared/ids.ts';
import type { LogEvent } from '../../shared/operations.ts';
import type { PresenceMessage, TypingMessage } from '../replication/messages.ts';
import type { ChatReader, HistoryChoice, HistoryPage, LogIn, Notice } from '../state/reader.ts';

export type {
  AccountView,
  ChatReader,
  ConversationView,
  HistoryAsk,
  HistoryChoice,
  HistoryPage,
  LogIn,
  Notice,
  RoomView,
} from '../state/reader.ts';

/**
 * The one seam between the chat and where it is kept. The gateway speaks to this and to nothing below it, so that
 * another engine (an existing distributed log, say) can take the place of our replication.
 */
export interface Engine {
  /**
   * Has an operation done exactly once. `answer` is called once: after it was committed on every server of the view,
   * or with the refusal. Repeated under the same client and request number, the same outcome is answered again.
   * Submissions of one client take effect in the order of the calls.
   */
  submit(submission: Submission, answer: (result: Result<Committed>) => void): void;

  /**
   * Reads from the state, never older than `seen` and, at the primary, never older than any operation
   * that was acknowledged before the call. `answer` is called once.
   */
  read<T>(seen: Freshness, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void;

  /**
   * Reads a page of history, as {@link read} does. Its texts may have to be read from the disk first: `choose` is then asked again, so that
   * the page is as the state is when it is answered. `unavailable` when the disk does not give them.
   */
  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: (result: Result<HistoryPage>) => void,
  ): void;

  /** The state as this server has it now, possibly behind: for what may be stale, such as checking a token again later. */
  readonly chat: ChatReader;

  /** Notes that an account has received everything up to a position. Lazy, cumulative, and never refused. */
  received(account: AccountId, position: number): void;
  /** Notes that an account has seen everything up to a position in one of its conversations. Lazy, only rises, and never refused. */
  markRead(account: AccountId, end: ConversationEnd, position: number): void;

  /** The token of a session: the same from every server (R25). */
  tokenFor(logIn: LogIn): string;
  /** The session that a token names, if the token is genuine; whether it is still open is the state's to say. */
  logInOf(token: string): LogIn | undefined;
  /** False on a server that belongs to no cluster yet: it cannot tell a genuine token from another. */
  hasSessionKey(): boolean;

  /** True while this server is the primary of an installed view and may take requests. */
  isPrimary(): boolean;
  /**
   * R28: true while this server does for clients that take any server what the primary does: it is the primary, or it follows one, has
   * applied what was acknowledged when that began, and passes on what it is asked; or lost it a moment ago.
   */
  isFull(): boolean;
  /** The error with which a server that is not the primary refuses a write now. */
  whyNotPrimary(): ChatError;
  /** Tells the other servers, or one of them, of what is kept nowhere. Best effort: lost where there is no connection. */
  tellServers(news: ServerNews, to?: string): void;
  cluster(): Cluster;
  status(): ServerStatus;

  subscribe(listener: EngineListener): void;
  /** Takes no new requests, lets what is in flight commit, writes everything down (R23). Resolves when all is flushed. */
  leave(): Promise<void>;
}

/** What servers tell each other for those who are connected. */
export type ServerNews = PresenceMessage | TypingMessage;

/**
 * How new the state has to be that a read is answered from: at least as new as a position, or, for `latest`, as every operation that was
 * acknowledged before the read. Only the primary can tell which those are: the others ask it, and refuse when they follow none (R17).
 */
export type Freshness = number | 'latest' | undefined;

/** What a client asks to have done. */
export interface Submission {
  client: ClientId;
  /** From 1, growing with each new request of that client. */
  request: number;
  /** The client's oldest unanswered request number. Not used yet: replies are forgotten by their number alone. */
  oldest?: number;
  /** The client says that it once got an `ok`: an unknown client id then means that its row was given up. */
  known: boolean;
  event: LogEvent;
  /** Who asks; empty when nobody is logged in (`account:create`, `session:open` and documents do without). */
  account: AccountId | '';
  /**
   * As in `shared/operations.ts`, but that accounts and rooms are named as people name them, which the engine resolves: `USERNAME` or `#room` for `message:send`, followed by a space and the id
   * of the message that is answered, if any; `USERNAME` for `account:block` and `account:unblock`; `#room` for `room:join`, `room:leave`, `room:topic` and
   * `room:delete`; `#room USERNAME` for `room:remove` and `room:readmit`. For `account:create` and `room:create` it is the new name.
   */
  subject: string;
  body: string;
  /** The request as text without its passwords: the engine keeps a keyed digest of it. */
  asked: string;
  /** R28: the client takes any server, so that copies of this may be under way on other paths: a refusal that is told as definite gets a row. */
  spread?: true;
  /** With {@link spread}: the log-in that asks; absent when nobody is logged in. */
  session?: LogIn;
}

export interface Committed {
  position: number;
  at: number;
  /** The message's id, for `message:send`. */
  id: string;
  /** It had been done before: a password that came with it has to be verified before the answer goes out. */
  repeated: boolean;
  /** For `document:set` and `document:delete`: there was a document of that key before. */
  existed: boolean;
  /** How many servers the view has at the answer: each has it on its disk. */
  replicas: number;
}

export interface EngineListener {
  /** Operations were applied, in order. Called on every server; those that are full push. */
  onNotices(notices: readonly Notice[]): void;
  /** View, members, known servers or the warning changed. */
  onClusterChanged(cluster: Cluster): void;
  /** This server became the primary, or stopped being it. */
  onPrimaryChanged(isPrimary: boolean): void;
  /** {@link Engine.isFull} changed. */
  onFullChanged?(isFull: boolean): void;
  /** Another server tells of what is kept nowhere. */
  onServerNews?(from: string, news: ServerNews): void;
  /** Another server is connected, or no longer. */
  onServerLink?(address: string, isUp: boolean): void;
}
