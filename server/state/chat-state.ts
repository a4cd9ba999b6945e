import { assert, unreachable } from '../../shared/assert.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import type { EntryDraft, LogEntry, Outcome, Table } from '../../shared/operations.ts';
import { type Account, Accounts, newAccount } from './accounts.ts';
import { historyPage, shownMessage } from './history.ts';
import { HistoryReplay } from './history-replay.ts';
import { MessageArchive } from './messages.ts';
import type { AccountView, ChatReader, HistoryAsk, HistoryPage, LogIn, Notice } from './reader.ts';
import { readReceipts } from './receipts.ts';
import { whyRefused } from './refusals.ts';
import { type Session, Sessions } from './sessions.ts';
import { firstDifference, queueTable, readSessionTable, readUserTable, sessionTable, userTable } from './tables.ts';

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
 * A server starts with `restore`, `replayHistory` for each entry that the snapshot covers, then `apply` for the rest.
 */
export class ChatState implements ChatReader {
  readonly #accounts = new Accounts();
  readonly #sessions = new Sessions();
  readonly #archive = new MessageArchive();
  readonly #replay = new HistoryReplay(this.#accounts, this.#archive);
  /** Op of the snapshot that this began with; 0 without one. */
  #restoredOp = 0;
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
    state.#restoredOp = op;
    state.#position = op;
    return state;
  }

  get position(): number {
    return this.#position;
  }

  /**
   * Gives the archive back what an entry at or below the snapshot's op did to it. Every such entry has to be replayed,
   * from 1 on, in order, before anything is applied, snapshotted or asked of the history.
   */
  replayHistory(entry: LogEntry): void {
    assert(entry.op <= this.#restoredOp, `entry ${entry.op} is above the snapshot: it is to be applied`);
    this.#replay.replay(entry);
  }

  /**
   * Compares the snapshot with what the log led to; to be asked when all history is replayed and nothing applied yet.
   *
   * @returns empty, or a sentence that says where they differ
   */
  differenceFrom(tables: readonly Table[]): string {
    const [unexplained] = this.#replay.unexplained();
    if (unexplained !== undefined) {
      return `Account ${unexplained} has messages in the log but is missing from the table user_table.`;
    }
    return firstDifference(tables, this.snapshot());
  }

  /** Applies the entry that follows the last one. An operation that is impossible by now is refused, never thrown. */
  apply(entry: LogEntry): Applied {
    this.#assertReplayed();
    assert(entry.op === this.#position + 1, `entry ${this.#position + 1} is to be applied, not ${entry.op}`);
    const refused = this.check(entry);
    this.#position = entry.op;
    const notices = refused === '' ? this.#perform(entry) : [];
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

  /** The tables `user_table`, `sessions` and `queued_messages`; messages as such are in the log only. */
  snapshot(): Table[] {
    this.#assertReplayed();
    const queue = queueTable(this.#accounts, this.#archive);
    return [userTable(this.#accounts), sessionTable(this.#sessions), queue];
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

  /** See {@link historyPage}. */
  history(ask: HistoryAsk): HistoryPage {
    return historyPage(this.#archive, ask, this.#position);
  }

  received(account: AccountId): number {
    return this.#accounts.present(account)?.received ?? 0;
  }

  /** The whole state as text: equal exactly when the states are. Long; for comparing replicas in tests. */
  fingerprint(): string {
    const lines = [`position ${this.#position}`];
    for (const { name, rows } of this.snapshot()) for (const row of rows) lines.push(JSON.stringify([name, ...row]));
    for (const { from, to, ...message } of this.#archive.all()) {
      lines.push(JSON.stringify({ ...message, from: from.id, to: to.id }));
    }
    for (const { id } of this.#accounts.all()) {
      const { messages, deletions } = this.#archive.timelineOf(id) ?? { messages: [], deletions: [] };
      const positions = messages.map((message) => message.position);
      lines.push(JSON.stringify([id, positions, deletions.map((message) => message.deletedAtOp)]));
    }
    return lines.join('\n');
  }

  #perform(entry: LogEntry): Notice[] {
    switch (entry.event) {
      case 'cluster:view':
      case 'cluster:complete':
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
    for (const id of this.#archive.forget(account)) this.#accounts.dropTombstone(id);
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
    const message = { id, position, at, from, to, body, deletedAtOp: 0 };
    this.#archive.add(message);
    return [{ type: 'message:new', accounts: sidesOf(from, to), message: shownMessage(message) }];
  }

  #deleteMessage(entry: LogEntry): Notice[] {
    const message = this.#archive.find(entry.subject)!;
    this.#archive.delete(message, entry.op);
    const accounts = sidesOf(message.from, message.to);
    return [{ type: 'message:deleted', accounts, deletion: { id: message.id, position: entry.op } }];
  }

  /** A position above the entry's own was never told to anyone: such a receipt, from a confused client, counts for nothing. */
  #noteReceipts(entry: LogEntry): void {
    for (const { account: id, position } of readReceipts(entry.body)) {
      const account = this.#accounts.present(id);
      if (account !== undefined && position <= entry.op) account.received = Math.max(account.received, position);
    }
  }

  #assertReplayed(): void {
    assert(this.#replay.lastOp === this.#restoredOp, `the log up to op ${this.#restoredOp} is to be replayed first`);
  }
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
