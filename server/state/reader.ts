import type { Deletion, Message, Room } from '../../shared/api.ts';
import type { AccountId, ConversationEnd, RoomId, SessionId } from '../../shared/ids.ts';

/** What an applied operation means to those who are connected. */
export type Notice =
  | { type: 'message:new'; accounts: readonly AccountId[]; message: Message }
  | { type: 'message:deleted'; accounts: readonly AccountId[]; deletion: Deletion }
  | {
      type: 'message:edited';
      accounts: readonly AccountId[];
      edit: { id: string; position: number; body: string; at: number };
    }
  | {
      type: 'message:reacted';
      accounts: readonly AccountId[];
      change: { id: string; position: number; from: string; reaction: string; on: boolean };
    }
  | { type: 'account:deleted'; account: AccountId; username: string; position: number }
  | { type: 'account:changed'; change: { username: string; displayName: string; position: number } }
  | { type: 'account:blocked'; account: AccountId; block: { username: string; blocked: boolean; position: number } }
  | { type: 'room:changed'; accounts: readonly AccountId[]; change: { room: Room; position: number } }
  | {
      type: 'room:joined';
      accounts: readonly AccountId[];
      change: { room: string; username: string; position: number };
    }
  | {
      type: 'room:left';
      accounts: readonly AccountId[];
      change: { room: string; username: string; removed: boolean; position: number };
    }
  | { type: 'room:deleted'; accounts: readonly AccountId[]; change: { room: string; position: number } }
  | { type: 'conversation:read'; account: AccountId; mark: { with: string; read: number; position: number } }
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
  /** Empty when it chose none. */
  displayName: string;
  passwordHash: string;
}

/** A room, as the gateway needs it. */
export interface RoomView {
  id: RoomId;
  room: Room;
}

/** A conversation of an account; see `Conversation` of `shared/api.ts`. */
export interface ConversationView {
  end: ConversationEnd;
  with: string;
  last: number;
  read: number;
  unread: number;
  room?: Room;
  displayName?: string;
  deleted?: true;
}

/** Which part of an account's history is wanted. `after` and `before` exclude each other; neither means the newest. */
export interface HistoryAsk {
  account: AccountId;
  /** Everything above this position, from the oldest on. */
  after?: number | undefined;
  /** Messages below this position, from the newest back. */
  before?: number | undefined;
  /**
   * The account at the other end of the conversation, present or deleted, or a room that the account is a member of: then all that was said there. Without it, what was
   * said in a room before the account joined is left out.
   */
  with?: ConversationEnd | undefined;
  /** At most so many messages and deletions together; from 1. */
  limit: number;
}

/**
 * A message of a page, still without what is in the log: its time and what it answers are in the row at its position, its text and the time of
 * its last edit in the row at `textAt`, which is the same one unless it was edited.
 */
export interface ChosenMessage extends Omit<Message, 'body' | 'at' | 'replyTo' | 'editedAt'> {
  textAt: number;
}

/** What a page of history consists of. */
export interface HistoryChoice extends Omit<HistoryPage, 'messages' | 'changes'> {
  messages: ChosenMessage[];
  changes: { position: number; message: ChosenMessage }[];
}

/** A part of an account's history. */
export interface HistoryPage {
  /** Oldest first, without deleted ones. */
  messages: Message[];
  /** In the order of their positions; none in a page that goes backwards, which leaves out what was deleted anyway. */
  deletions: Deletion[];
  /** Likewise: edits, and reactions. Of each message at most one, the latest, and none of messages above `after`, which are shown as they are now. */
  changes: { position: number; message: Message }[];
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
  /** The room of that name, `#` included; names are compared as those of accounts are. */
  roomByName(name: string): RoomView | undefined;
  isMember(account: AccountId, room: RoomId): boolean;
  /** In the order of name keys, after the one whose name is `after`; `pattern` without `#` or with it. */
  listRooms(ask: { pattern?: string | undefined; after?: string | undefined; limit: number }): {
    rooms: Room[];
    more: boolean;
  };
  /** The members in the order of their name keys, after the one whose name is `after`. */
  members(ask: { room: RoomId; after?: string | undefined; limit: number }): { members: AccountView[]; more: boolean };
  /** All members; nobody of a room that there is not. */
  membersOf(room: RoomId): Iterable<AccountId>;
  /**
   * What the account is in conversation with: whoever it exchanged a message with that is still there, in the order in which that began, and the rooms
   * that it is a member of, in the order in which it joined them. No name is there twice: a deleted account gives way to another one of its name. `after` is the `with` of the last one that was told.
   */
  conversations(ask: { account: AccountId; after?: string | undefined; limit: number }): {
    conversations: ConversationView[];
    more: boolean;
  };
  /** The present accounts that share a conversation with this one, each once, itself not. */
  acquaintances(account: AccountId): Iterable<AccountId>;
  /** Usernames, in the order of their name keys. */
  blockedBy(account: AccountId): string[];
  isBlocked(by: AccountId, account: AccountId): boolean;
  /** How many log-ins of the account are open. */
  sessionCount(account: AccountId): number;
  /** The message with this id if the account may see it; a choice of no message otherwise. */
  messageById(account: AccountId, id: string): HistoryChoice;
  /** What a page of history consists of now; its texts are the engine's to fetch. */
  history(ask: HistoryAsk): HistoryChoice;
  /** The JSON text of the document of that key; undefined when there is none. */
  document(key: string): string | undefined;
  /** The highest position that the account has received. */
  received(account: AccountId): number;
}
