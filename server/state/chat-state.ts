import { assert, unreachable } from '../../shared/assert.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import type { EntryDraft, LogEntry, Outcome, Table } from '../../shared/operations.ts';
import { type Account, Accounts, newAccount } from './accounts.ts';
import { Compactions } from './compactions.ts';
import { chooseHistory } from './history.ts';
import { indexRows, readIndexRow, type WrittenIndex } from './message-index.ts';
import { MessageQueue } from './message-queue.ts';
import { MessageArchive } from './messages.ts';
import type { AccountView, ChatReader, HistoryAsk, HistoryChoice, LogIn, Notice } from './reader.ts';
import { readReceipts } from './receipts.ts';
import { whyRefused } from './refusals.ts';
import { type Session, Sessions } from './sessions.ts';
import {
  compactionTable,
  readCompactionTable,
  readSessionTable,
  readUserTable,
  sessionTable,
  userTable,
} from './tables.ts';

/** What applying an entry came to. */
export interface Applied {
  outcome: Outcome;
  /** For those who are connected, in order; none when it was refused. */
  notices: Notice[];
}

/**
 * The chat: what all operations so far have led to. A function of the log alone, so that every replica that applied
 * the same entries holds the same, and answers the same.
 *
 * A server starts with `restore`, `restoreIndex` for each row of the index, `restored`, then `apply` for the rest of the log.
 */
export class ChatState implements ChatReader {
  readonly #accounts = new Accounts();
  readonly #sessions = new Sessions();
  readonly #archive = new MessageArchive();
  /** Which bodies the log can do without. */
  readonly compactions = new Compactions(this.#accounts, this.#archive);
  /** What of the archive is in the rows of the index that were taken last; the next ones follow. */
  #written: WrittenIndex = { messages: 0, rows: 0 };
  #position = 0;

  /**
   * @param tables of a snapshot
   * @param op the last operation that the snapshot contains
   * @throws Error when a table is missing or malformed
   */
  static restore(tables: readonly Table[], op: number): ChatState {
    const state = new ChatState();
    state.#accounts.restore(readUserTable(tables));
    for (const session of readSessionTable(tables)) {
      assert(state.#accounts.present(session.account), `session ${session.id} is of a present account`);
      assert(state.#sessions.open(session) === undefined, `account ${session.account} has few enough sessions`);
    }
    state.compactions.restore(readCompactionTable(tables));
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
    this.#archive.reserve(indexRows);
  }

  /** Takes a row of the index that belongs to the snapshot: all of them, in order, before anything is applied or asked. */
  restoreIndex(row: readonly string[]): void {
    readIndexRow(this.#archive, row);
    this.#written.rows++;
  }

  /** All rows of the index were given. */
  restored(): void {
    this.#written.messages = this.#archive.length;
    this.#archive.dropChanges(this.#position);
  }

  /** Applies the entry that follows the last one. An operation that is impossible by now is refused, never thrown. */
  apply(entry: LogEntry): Applied {
    assert(entry.op === this.#position + 1, `entry ${this.#position + 1} is to be applied, not ${entry.op}`);
    const refused = this.check(entry);
    this.#position = entry.op;
    const notices = refused === '' ? this.#perform(entry) : [];
    if (makesRemovable(entry.event, refused)) this.compactions.noteRemovable(entry.op);
    if (entry.removedDigest !== '' && refused === '') this.compactions.noteShortened(entry.op);
    return { outcome: { position: entry.op, at: entry.time, refused }, notices };
  }

  /**
   * Whether an operation would take effect if it were applied now; the primary asks before it appends.
   *
   * @returns empty, or the code of the refusal
   */
  check(draft: EntryDraft): Outcome['refused'] {
    return whyRefused(draft, this.#accounts, this.#sessions, this.#archive);
  }

  /** Whether a message is deleted; false when it is not known. */
  isDeletedMessage(id: string): boolean {
    const message = this.#archive.find(id);
    return message !== undefined && this.#archive.columns.deletedAtOp(message) > 0;
  }

  /** The tables `user_table`, `sessions` and `removals`. */
  snapshot(): Table[] {
    return [userTable(this.#accounts), sessionTable(this.#sessions), compactionTable(this.compactions.facts)];
  }

  /**
   * Rows of the index of messages (`MESSAGE_INDEX`) that follow those that were taken before, up to the state as it is now. They may be taken
   * while the state goes on, and count as written from now on.
   */
  takeIndexRows(): { before: number; rows: Iterable<string[]> } {
    const before = this.#written.rows;
    const { count, rows } = indexRows(this.#archive, this.#written);
    this.#written = { messages: this.#archive.length, rows: before + count };
    this.#archive.dropChanges(this.#position);
    return { before, rows };
  }

  /** What nobody has received yet, as the state is now; it may be taken while the state goes on. */
  queue(): MessageQueue {
    return new MessageQueue(this.#archive, this.#accounts, this.#position);
  }

  accountByName(username: string): AccountView | undefined {
    return viewOf(this.#accounts.presentByNameKey(nameKey(username)));
  }

  account(id: AccountId): AccountView | undefined {
    return viewOf(this.#accounts.present(id));
  }

  accountOfLogIn({ session, openedAt }: LogIn): AccountView | undefined {
    const open = this.#sessions.find(session);
    return open?.openedAt === openedAt ? this.account(open.account) : undefined;
  }

  listAccounts(ask: { pattern?: string | undefined; after?: string | undefined; limit: number }): {
    accounts: AccountView[];
    more: boolean;
  } {
    const { accounts, more } = this.#accounts.list({
      pattern: nameKey(ask.pattern ?? '*'),
      after: ask.after === undefined ? undefined : nameKey(ask.after),
      limit: ask.limit,
    });
    return { accounts: accounts.map((account) => viewOf(account)!), more };
  }

  /** See {@link chooseHistory}. */
  history(ask: HistoryAsk): HistoryChoice {
    return chooseHistory({ archive: this.#archive, accounts: this.#accounts, position: this.#position }, ask);
  }

  received(account: AccountId): number {
    return this.#accounts.present(account)?.received ?? 0;
  }

  /** The whole state as text, but for the texts of messages: equal exactly when the states are. Long; for tests. */
  fingerprint(): string {
    const archive = this.#archive;
    const { columns } = archive;
    const lines = [`position ${this.#position}`];
    for (const { name, rows } of this.snapshot()) for (const row of rows) lines.push(JSON.stringify([name, ...row]));
    for (let message = 0; message < archive.length; message++) {
      if (!archive.isKept(message)) continue;
      const ends = [archive.senderOf(message), archive.recipientOf(message)];
      lines.push(
        JSON.stringify([archive.idOf(message), columns.position(message), ...ends, columns.deletedAtOp(message)]),
      );
      assert(archive.find(archive.idOf(message)) === message, `message ${archive.idOf(message)} is found by its id`);
    }
    for (const { id } of this.#accounts.all()) {
      for (const conversation of archive.conversationsOf(id)) {
        const positions = [];
        const changes = [];
        for (let index = 0; index < archive.messageCount(conversation); index++) {
          positions.push(columns.position(archive.messageAt(conversation, index)));
        }
        for (let index = 0; index < archive.changeCount(conversation); index++) {
          changes.push(
            columns.position(archive.changedMessage(conversation, index)),
            archive.changeOp(conversation, index),
          );
        }
        lines.push(JSON.stringify([id, conversation, archive.conversations.lastOp(conversation), positions, changes]));
      }
    }
    return lines.join('\n');
  }

  #perform(entry: LogEntry): Notice[] {
    switch (entry.event) {
      case 'cluster:view':
      case 'cluster:complete':
        return [];
      case 'cluster:compact':
        this.compactions.compact(entry.op);
        return [];
      case 'account:create': {
        const account = newAccount(entry);
        this.#accounts.add(account);
        return this.#openSession(account, entry);
      }
      case 'account:delete':
        return this.#deleteAccount(this.#accounts.present(entry.account)!, entry.op);
      case 'session:open':
        return this.#openSession(this.#accounts.present(entry.account)!, entry);
      case 'session:close': {
        const session = this.#sessions.find(entry.subject)!;
        this.#sessions.close(session);
        return [ended(session, 'You logged out.')];
      }
      case 'message:send':
        return this.#send(entry);
      case 'message:delete':
        return this.#deleteMessage(entry);
      case 'message:received':
        this.#noteReceipts(entry);
        return [];
      default:
        return unreachable(entry.event);
    }
  }

  #openSession(account: Account, entry: LogEntry): Notice[] {
    const session: Session = { id: String(entry.op) as SessionId, account: account.id, openedAt: entry.time };
    const oldest = this.#sessions.open(session);
    if (oldest === undefined) return [];
    return [ended(oldest, `Your account logged in ${SESSIONS_PER_ACCOUNT} more times since; log in again.`)];
  }

  #deleteAccount(account: Account, op: number): Notice[] {
    this.#accounts.markDeleted(account, op);
    const sessions = this.#sessions.closeAllOf(account.id);
    for (const id of this.#archive.forget(account.id, op)) {
      this.compactions.noteGone({ account: id, deletedAtOp: this.#accounts.find(id)!.deletedAtOp, goneAtOp: op });
      this.#accounts.dropTombstone(id);
    }
    const { id, username } = account;
    return [
      { type: 'account:deleted', account: id, username, position: op },
      ...sessions.map((session) => ended(session, `The account "${username}" was deleted.`)),
    ];
  }

  #send(entry: LogEntry): Notice[] {
    const from = this.#accounts.present(entry.account)!;
    const to = this.#accounts.present(entry.subject)!;
    const { id, op: position, time: at, body } = entry;
    this.#archive.add(id, position, from.id, to.id);
    const message = { id, position, from: from.username, to: to.username, body, at };
    return [{ type: 'message:new', accounts: sidesOf(from, to), message }];
  }

  #deleteMessage(entry: LogEntry): Notice[] {
    const message = this.#archive.find(entry.subject)!;
    this.#archive.delete(message, entry.op);
    const from = this.#accounts.find(this.#archive.senderOf(message))!;
    const to = this.#accounts.find(this.#archive.recipientOf(message))!;
    const deletion = { id: this.#archive.idOf(message), position: entry.op };
    return [{ type: 'message:deleted', accounts: sidesOf(from, to), deletion }];
  }

  /** A position above the entry's own was never told to anyone: such a receipt, from a confused client, counts for nothing. */
  #noteReceipts(entry: LogEntry): void {
    for (const { account: id, position } of readReceipts(entry.body)) {
      const account = this.#accounts.present(id);
      if (account !== undefined && position <= entry.op) account.received = Math.max(account.received, position);
    }
  }
}

/** A refused message is shown to nobody, and a deleted account's password verifies nothing any more. */
function makesRemovable(event: LogEntry['event'], refused: Outcome['refused']): boolean {
  if (event === 'message:send') return refused !== '';
  return refused === '' && (event === 'message:delete' || event === 'account:delete');
}

function viewOf(account: Account | undefined): AccountView | undefined {
  return account && { id: account.id, username: account.username, passwordHash: account.passwordHash };
}

function ended(session: Session, reason: string): Notice {
  return { type: 'session:ended', session: session.id, reason };
}

/** The present accounts at both ends of a message, each once. */
function sidesOf(from: Account, to: Account): AccountId[] {
  const sides = from === to ? [from] : [from, to];
  return sides.filter((account) => account.deletedAtOp === 0).map((account) => account.id);
}
