import { assert } from '../../shared/assert.ts';
import type { AccountId, ConversationEnd, RoomId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import type { EntryDraft, LogEntry, Outcome, Table } from '../../shared/operations.ts';
import type { ChatParts } from './chat-parts.ts';
import { acquaintancesOf, listConversations, readUpTo } from './conversations.ts';
import type { Documents } from './documents.ts';
import { fingerprintOf } from './fingerprint.ts';
import { chooseHistory, chooseMessage } from './history.ts';
import { indexRows, readIndexRow, type WrittenIndex } from './message-index.ts';
import { MessageQueue } from './message-queue.ts';
import { byNameKey } from './name-index.ts';
import { type Performed, perform } from './perform.ts';
import type {
  AccountView,
  ChatReader,
  ConversationView,
  HistoryAsk,
  HistoryChoice,
  LogIn,
  Notice,
  RoomView,
} from './reader.ts';
import { whyNotAppended, whyRefused } from './refusals.ts';
import { newParts, restoreParts, snapshotOf } from './state-tables.ts';
import { roomView, shownRoom, viewOf } from './views.ts';

/** What applying an entry came to. */
export interface Applied {
  outcome: Outcome;
  /** For those who are connected, in order; none when it was refused. */
  notices: Notice[];
}

/** Those whose bodies compaction removes when nobody needs them any more. */
const EVENTS_WITH_TEXT: ReadonlySet<LogEntry['event']> = new Set<LogEntry['event']>([
  'account:create',
  'account:password',
  'account:profile',
  'message:send',
  'message:edit',
  'message:react',
  'message:unreact',
  'room:create',
  'room:topic',
]);

const NOTHING_PERFORMED: Performed = { notices: [] };

/** A question for a part of a list; see {@link ChatReader}. */
interface ListAsk {
  pattern?: string | undefined;
  after?: string | undefined;
  limit: number;
}

/**
 * The chat: what all operations so far have led to. A function of the log alone, so that every replica that applied
 * the same entries holds the same, and answers the same.
 *
 * A server starts with `restore`, `restoreIndex` for each row of the index, `restored`, `restoreDocument` for each document, then `apply` for the rest of the log.
 */
export class ChatState implements ChatReader {
  readonly #parts: ChatParts = newParts();
  /** Which bodies the log can do without. */
  readonly compactions = this.#parts.compactions;
  /** What of the archive is in the rows of the index that were taken last; the next ones follow. */
  #written: WrittenIndex = { messages: 0, rows: 0 };
  /** Does with the tables what needs the archive. */
  #finishRestore: () => void = () => {};
  #position = 0;

  /**
   * @param tables of a snapshot, of this version or an earlier one
   * @param op the last operation that the snapshot contains
   * @throws Error when a table is missing or malformed
   */
  static restore(tables: readonly Table[], op: number): ChatState {
    const state = new ChatState();
    state.#finishRestore = restoreParts(state.#parts, tables);
    state.#position = op;
    return state;
  }

  get position(): number {
    return this.#position;
  }

  get isWhole(): boolean {
    return this.compactions.isWhole;
  }

  /** Makes room for the messages of an index of so many rows. */
  reserve(indexRows: number): void {
    this.#parts.archive.reserve(indexRows);
  }

  /** Takes a row of the index that belongs to the snapshot: all of them, in order, before anything is applied or asked. */
  restoreIndex(row: readonly string[]): void {
    readIndexRow(this.#parts.archive, row);
    this.#written.rows++;
  }

  /** All rows of the index were given. */
  restored(): void {
    this.#finishRestore();
    this.#written.messages = this.#parts.archive.length;
    this.#parts.archive.dropChanges(this.#position);
  }

  /** Applies the entry that follows the last one. An operation that is impossible by now is refused, never thrown. */
  apply(entry: LogEntry): Applied {
    assert(entry.op === this.#position + 1, `entry ${this.#position + 1} is to be applied, not ${entry.op}`);
    const refused = whyRefused(entry, this.#parts);
    this.#position = entry.op;
    const { notices, existed } = refused === '' ? perform(this.#parts, entry) : NOTHING_PERFORMED;
    // Nobody is shown what was refused. Its body may be gone by now, so that only the event tells whether there was one.
    if (refused !== '' && EVENTS_WITH_TEXT.has(entry.event)) this.compactions.noteRemovable(entry.op);
    if (entry.removedDigest !== '' && refused === '') this.compactions.noteShortened(entry.op);
    const outcome: Outcome = { position: entry.op, at: entry.time, refused };
    return { outcome: existed ? { ...outcome, existed } : outcome, notices };
  }

  /**
   * Whether an operation would take effect if it were applied now; the primary asks before it appends.
   *
   * @param documentBytesUnderWay see {@link whyNotAppended}
   * @returns empty, or the code of the refusal
   */
  check(draft: EntryDraft, documentBytesUnderWay = 0): Outcome['refused'] {
    return whyRefused(draft, this.#parts) || whyNotAppended(draft, this.#parts, documentBytesUnderWay);
  }

  /** Whether a message is deleted; false when it is not known. */
  isDeletedMessage(id: string): boolean {
    const message = this.#parts.archive.find(id);
    return message !== undefined && this.#parts.archive.columns.deletedAtOp(message) > 0;
  }

  /** Whether a message was edited after an op, so that no text which it had by then is shown; false when it is not known. */
  isEditedSince(id: string, op: number): boolean {
    const message = this.#parts.archive.find(id);
    return message !== undefined && this.#parts.archive.columns.editedAtOp(message) > op;
  }

  /** Whether the document of a key was set anew or deleted after an op, so that no value which it had by then is there any more. */
  isDocumentChangedSince(key: string, op: number): boolean {
    const document = this.#parts.documents.find(key);
    return document === undefined || document.changedAtOp > op;
  }

  document(key: string): string | undefined {
    return this.#parts.documents.find(key)?.value;
  }

  /** All documents, for a table of the snapshot, and what they take of the memory. */
  get documents(): Pick<Documents, 'pieces' | 'bytes' | 'size'> {
    return this.#parts.documents;
  }

  /** Takes a row of the table of documents that belongs to the snapshot: all of them, in order, before anything is applied or asked. */
  restoreDocument(row: readonly string[]): void {
    const { changedAtOp } = this.#parts.documents.restoreRow(row);
    this.compactions.need(changedAtOp);
  }

  /** All tables of the snapshot but those that are long, and those for people. */
  snapshot(): Table[] {
    return snapshotOf(this.#parts);
  }

  /**
   * Rows of the index of messages (`MESSAGE_INDEX`) that follow those that were taken before, up to the state as it is now. They may be taken
   * while the state goes on, and count as written from now on.
   */
  takeIndexRows(): { before: number; rows: Iterable<string[]> } {
    const { archive } = this.#parts;
    const before = this.#written.rows;
    const { count, rows } = indexRows(archive, this.#written);
    this.#written = { messages: archive.length, rows: before + count };
    archive.dropChanges(this.#position);
    return { before, rows };
  }

  /** What nobody has received yet, as the state is now; it may be taken while the state goes on. */
  queue(): MessageQueue {
    return new MessageQueue(this.#parts, this.#position);
  }

  accountByName(username: string): AccountView | undefined {
    const account = this.#parts.accounts.presentByNameKey(nameKey(username));
    return account && viewOf(account);
  }

  account(id: AccountId): AccountView | undefined {
    const account = this.#parts.accounts.present(id);
    return account && viewOf(account);
  }

  accountOfLogIn({ session, openedAt }: LogIn): AccountView | undefined {
    const open = this.#parts.sessions.find(session);
    return open?.openedAt === openedAt ? this.account(open.account) : undefined;
  }

  listAccounts(ask: ListAsk): { accounts: AccountView[]; more: boolean } {
    const { accounts, more } = this.#parts.accounts.list(folded(ask, ask.pattern ?? '*'));
    return { accounts: accounts.map(viewOf), more };
  }

  roomByName(name: string): RoomView | undefined {
    const room = this.#parts.rooms.byNameKey(nameKey(name));
    return room && roomView(this.#parts, room);
  }

  isMember(account: AccountId, room: RoomId): boolean {
    return this.#parts.rooms.find(room)?.members.has(account) ?? false;
  }

  listRooms(ask: ListAsk): { rooms: RoomView['room'][]; more: boolean } {
    const { pattern = '*' } = ask;
    const { found, more } = this.#parts.rooms.list(folded(ask, pattern.startsWith('#') ? pattern : `#${pattern}`));
    return { rooms: found.map((room) => shownRoom(this.#parts, room)), more };
  }

  members(ask: { room: RoomId; after?: string | undefined; limit: number }): { members: AccountView[]; more: boolean } {
    const after = ask.after === undefined ? undefined : nameKey(ask.after);
    const members = Array.from(this.membersOf(ask.room), (id) => this.#parts.accounts.find(id)!);
    const following = members.filter((account) => after === undefined || account.nameKey > after).sort(byNameKey);
    return { members: following.slice(0, ask.limit).map(viewOf), more: following.length > ask.limit };
  }

  membersOf(id: RoomId): readonly AccountId[] {
    const room = this.#parts.rooms.find(id);
    return room ? this.#parts.rooms.memberIds(room) : [];
  }

  /** See {@link listConversations}. */
  conversations(ask: { account: AccountId; after?: string | undefined; limit: number }): {
    conversations: ConversationView[];
    more: boolean;
  } {
    return listConversations(this.#parts, ask);
  }

  acquaintances(account: AccountId): Iterable<AccountId> {
    return acquaintancesOf(this.#parts, account);
  }

  blockedBy(account: AccountId): string[] {
    const blocked = Array.from(this.#parts.blocks.of(account), (id) => this.#parts.accounts.find(id)!);
    return blocked.sort(byNameKey).map(({ username }) => username);
  }

  isBlocked(by: AccountId, account: AccountId): boolean {
    return this.#parts.blocks.of(by).has(account);
  }

  sessionCount(account: AccountId): number {
    return this.#parts.sessions.count(account);
  }

  /** See {@link chooseMessage}. */
  messageById(account: AccountId, id: string): HistoryChoice {
    return chooseMessage({ ...this.#parts, position: this.#position }, account, id);
  }

  /** See {@link chooseHistory}. */
  history(ask: HistoryAsk): HistoryChoice {
    return chooseHistory({ ...this.#parts, position: this.#position }, ask);
  }

  received(account: AccountId): number {
    return this.#parts.accounts.present(account)?.received ?? 0;
  }

  /** See {@link readUpTo}. */
  readUpTo(account: AccountId, end: ConversationEnd): number {
    return readUpTo(this.#parts, account, end);
  }

  /** The whole state as text, but for the texts of messages: equal exactly when the states are. Long; for tests. */
  fingerprint(): string {
    return fingerprintOf(this.#parts, this.#position);
  }
}

/** Names are compared by their keys, patterns likewise. */
function folded({ after, limit }: ListAsk, pattern: string) {
  return { pattern: nameKey(pattern), after: after === undefined ? undefined : nameKey(after), limit };
}
