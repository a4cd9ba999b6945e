import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { type Account, type Accounts, aliveAt, newAccount } from './accounts.ts';
import type { MessageArchive } from './messages.ts';

/**
 * Fills the archive from the part of the log that a snapshot covers. Messages live only in the log; the snapshot says
 * which accounts there are and when they ended, so it is known at every entry who was present. Accounts that the
 * snapshot does not know were deleted and left no message behind: they are followed here until they are gone.
 */
export class HistoryReplay {
  readonly #accounts: Accounts;
  readonly #archive: MessageArchive;
  /** Accounts that came and went before the snapshot; empty again when all its entries are replayed. */
  readonly #gone = new Map<AccountId, Account>();
  /** Name keys in use at the entry that was replayed last. */
  readonly #takenNameKeys = new Set<string>();
  #lastOp = 0;

  /** @param accounts as restored, at the snapshot's op; never changed here */
  constructor(accounts: Accounts, archive: MessageArchive) {
    this.#accounts = accounts;
    this.#archive = archive;
  }

  /** The op of the entry that was replayed last. */
  get lastOp(): number {
    return this.#lastOp;
  }

  /** Ids of accounts that left messages behind without being in the snapshot; none, unless it is not of this log. */
  unexplained(): AccountId[] {
    return [...this.#gone.keys()];
  }

  /** Takes every entry up to the snapshot's op, from 1 on, in order. Deleted messages may lack their bodies. */
  replay(entry: LogEntry): void {
    assert(entry.op === this.#lastOp + 1, `entry ${this.#lastOp + 1} is to be replayed, not ${entry.op}`);
    this.#lastOp = entry.op;
    if (entry.event === 'account:create') this.#create(entry);
    else if (entry.event === 'account:delete') this.#deleteAccount(entry);
    else if (entry.event === 'message:send') this.#send(entry);
    else if (entry.event === 'message:delete') this.#deleteMessage(entry);
  }

  #create(entry: LogEntry): void {
    const restored = this.#accounts.find(String(entry.op));
    if (restored !== undefined) {
      this.#takenNameKeys.add(restored.nameKey);
      return;
    }
    const account = newAccount(entry);
    if (this.#takenNameKeys.has(account.nameKey)) return;
    this.#takenNameKeys.add(account.nameKey);
    this.#gone.set(account.id, account);
  }

  #deleteAccount(entry: LogEntry): void {
    const restored = this.#accounts.find(entry.account);
    const account = restored?.deletedAtOp === entry.op ? restored : this.#gone.get(entry.account as AccountId);
    if (account === undefined || (account !== restored && account.deletedAtOp > 0)) return;
    account.deletedAtOp = entry.op;
    this.#takenNameKeys.delete(account.nameKey);
    for (const id of this.#archive.forget(account)) this.#gone.delete(id);
  }

  #send(entry: LogEntry): void {
    const from = this.#presentAt(entry.account, entry.op);
    const to = this.#presentAt(entry.subject, entry.op);
    if (from === undefined || to === undefined || this.#archive.find(entry.id) !== undefined) return;
    const { id, op: position, time: at, body } = entry;
    this.#archive.add({ id, position, at, from, to, body, deletedAtOp: 0 });
  }

  #deleteMessage(entry: LogEntry): void {
    const message = this.#archive.find(entry.subject);
    const requester = this.#presentAt(entry.account, entry.op);
    if (message === undefined || message.from !== requester || message.deletedAtOp > 0) return;
    this.#archive.delete(message, entry.op);
  }

  #presentAt(id: string, op: number): Account | undefined {
    const account = this.#accounts.find(id) ?? this.#gone.get(id as AccountId);
    return account !== undefined && aliveAt(account, op) ? account : undefined;
  }
}
