import type { Deletion, Message } from '../../shared/api.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';

/** What an applied operation means to those who are connected. */
export type Notice =
  | { type: 'message:new'; accounts: readonly AccountId[]; message: Message }
  | { type: 'message:deleted'; accounts: readonly AccountId[]; deletion: Deletion }
  | { type: 'account:deleted'; account: AccountId; username: string; position: number }
  | { type: 'session:ended'; session: SessionId; reason: string };

/**
 * A session by what names it for good: after an operator has forced a view without some operations, their numbers are
 * given anew, so the number alone may come to name somebody else's (R20).
 */
export interface LogIn {
  /** The operation that opened it. */
  session: SessionId;
  /** Milliseconds since 1970 by the primary's clock. */
  openedAt: number;
}

/** A present account, as the gateway needs it. */
export interface AccountView {
  id: AccountId;
  /** As people typed it, NFC. */
  username: string;
  passwordHash: string;
}

/** Which part of an account's history is wanted. `after` and `before` exclude each other; neither means the newest. */
export interface HistoryAsk {
  account: AccountId;
  /** Everything above this position, from the oldest on. */
  after?: number | undefined;
  /** Messages below this position, from the newest back. */
  before?: number | undefined;
  /** The account at the other end of the conversation, present or deleted. */
  with?: AccountId | undefined;
  /** At most so many messages and deletions together; from 1. */
  limit: number;
}

/** A message of a page, still without its text and time: those are in the log's row at its position. */
export type ChosenMessage = Omit<Message, 'body' | 'at'>;

/** What a page of history consists of. */
export interface HistoryChoice extends Omit<HistoryPage, 'messages'> {
  messages: ChosenMessage[];
}

/** A part of an account's history. */
export interface HistoryPage {
  /** Oldest first, without deleted ones. */
  messages: Message[];
  /** In the order of their positions; none in a page that goes backwards, which leaves out what was deleted anyway. */
  deletions: Deletion[];
  /** The next `after`. In a page that goes backwards: the state's position, up to which its messages are current. */
  position: number;
  /** There is more in the direction of the page; backwards, the next `before` is the position of its first message. */
  more: boolean;
}

/** Questions that the state answers. All answers are copies. */
export interface ChatReader {
  /** The last operation that was applied. */
  readonly position: number;
  /** False while the state is that of no moment there ever was, because rows were applied that compaction had shortened (R27). */
  readonly isWhole: boolean;
  /** The present account of that name; names are compared by {@link nameKey} of `shared/names.ts`. */
  accountByName(username: string): AccountView | undefined;
  account(id: AccountId): AccountView | undefined;
  /** Who is logged in that way; undefined when it was closed, or its account deleted. */
  accountOfLogIn(logIn: LogIn): AccountView | undefined;
  /** Accounts whose username matches (`*`, `?`), in the order of their name keys, after the one whose name is `after`. */
  listAccounts(ask: { pattern?: string | undefined; after?: string | undefined; limit: number }): {
    accounts: AccountView[];
    more: boolean;
  };
  /** What a page of history consists of now; its texts are the engine's to fetch. */
  history(ask: HistoryAsk): HistoryChoice;
  /** The highest position that the account has received. */
  received(account: AccountId): number;
}
