import { readAccountBody } from '../../shared/account-body.ts';
import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { firstIndexWhere } from './sorted.ts';
import { readWildcard } from './wildcard.ts';

/**
 * An account, or what is kept of a deleted one for as long as a message of it exists: its name, and when it ended.
 * Messages point at it, so there is exactly one object for each account.
 */
export interface Account {
  /** The op number of its `account:create` entry, as text. */
  readonly id: AccountId;
  /** As people typed it, NFC. Empty when compaction has removed it from the log: a later entry deletes such an account. */
  readonly username: string;
  /** By which names are compared; made by the gateway and kept in the log. Empty as `username` is. */
  readonly nameKey: string;
  /** Empty once the account is deleted. */
  passwordHash: string;
  /** Milliseconds since 1970 by the primary's clock. */
  readonly createdAt: number;
  /** The highest position that it has received; only rises. */
  received: number;
  /** Op number of its `account:delete` entry; 0 while the account is present. */
  deletedAtOp: number;
}

/** Whether the account existed when the entry with this op number was applied: after its creation, before its deletion. */
export function aliveAt(account: Account, op: number): boolean {
  return Number(account.id) < op && (account.deletedAtOp === 0 || op < account.deletedAtOp);
}

/** The account that an `account:create` entry makes, if its name is free. */
export function newAccount(entry: LogEntry): Account {
  const { username, nameKey, passwordHash } = readAccountBody(entry);
  return {
    id: String(entry.op) as AccountId,
    username,
    nameKey,
    passwordHash,
    createdAt: entry.time,
    received: 0,
    deletedAtOp: 0,
  };
}

/** Present accounts by id and by name, and the tombstones of deleted ones. In the order of their creation. */
export class Accounts {
  readonly #byId = new Map<AccountId, Account>();
  /** Present accounts in the order of their name keys (by UTF-16 code units); no two keys are equal. */
  #byNameKey: Account[] = [];

  /** Accounts and tombstones, oldest first. */
  all(): IterableIterator<Account> {
    return this.#byId.values();
  }

  /** The account while it is present, and after its deletion while its tombstone is kept. */
  find(id: string): Account | undefined {
    return this.#byId.get(id as AccountId);
  }

  present(id: string): Account | undefined {
    const account = this.find(id);
    return account?.deletedAtOp === 0 ? account : undefined;
  }

  /** The present account with exactly this name key. */
  presentByNameKey(nameKey: string): Account | undefined {
    const account = this.#byNameKey[this.#indexOf(nameKey)];
    return account?.nameKey === nameKey ? account : undefined;
  }

  /** The id must be new and, unless it is a tombstone, the name key free. */
  add(account: Account): void {
    assert(!this.#byId.has(account.id), `account ${account.id} exists already`);
    this.#byId.set(account.id, account);
    if (account.deletedAtOp > 0 || account.nameKey === '') return;
    const index = this.#indexOf(account.nameKey);
    assert(this.#byNameKey[index]?.nameKey !== account.nameKey, `name key "${account.nameKey}" is taken`);
    this.#byNameKey.splice(index, 0, account);
  }

  /** Adds many at once, oldest first, to what must be empty. The same conditions hold as for `add`. */
  restore(accounts: readonly Account[]): void {
    assert(this.#byId.size === 0, 'accounts are restored into an empty state only');
    for (const account of accounts) {
      assert(!this.#byId.has(account.id), `account ${account.id} is there twice`);
      this.#byId.set(account.id, account);
    }
    const present = accounts.filter(({ deletedAtOp, nameKey }) => deletedAtOp === 0 && nameKey !== '');
    this.#byNameKey = present.sort((a, b) => (a.nameKey < b.nameKey ? -1 : a.nameKey > b.nameKey ? 1 : 0));
    for (let index = 1; index < present.length; index++) {
      const nameKey = present[index]!.nameKey;
      assert(nameKey !== present[index - 1]!.nameKey, `name key "${nameKey}" is there twice`);
    }
  }

  /** Turns a present account into a tombstone; its name is free from now on. */
  markDeleted(account: Account, op: number): void {
    if (account.nameKey !== '') {
      const index = this.#indexOf(account.nameKey);
      assert(this.#byNameKey[index] === account, `account ${account.id} is not present`);
      this.#byNameKey.splice(index, 1);
    }
    account.deletedAtOp = op;
    account.passwordHash = '';
  }

  /** Forgets a tombstone, when no message of it is left. */
  dropTombstone(id: AccountId): void {
    assert(this.find(id)?.deletedAtOp !== 0, `account ${id} is present`);
    this.#byId.delete(id);
  }

  /**
   * Present accounts whose name key matches, in the order of name keys.
   *
   * @param ask `pattern` and `after` are folded like name keys; the listing starts above the key `after`;
   *   `limit` is at least 1
   */
  list(ask: { pattern: string; after: string | undefined; limit: number }): { accounts: Account[]; more: boolean } {
    const { pattern, after, limit } = ask;
    const wildcard = readWildcard(pattern);
    const accounts: Account[] = [];
    const start = firstIndexWhere(this.#byNameKey.length, (index) => {
      const key = this.#byNameKey[index]!.nameKey;
      return key >= wildcard.prefix && (after === undefined || key > after);
    });
    for (let index = start; index < this.#byNameKey.length; index++) {
      const account = this.#byNameKey[index]!;
      if (!account.nameKey.startsWith(wildcard.prefix)) break;
      if (!wildcard.matches(account.nameKey)) continue;
      if (accounts.length === limit) return { accounts, more: true };
      accounts.push(account);
    }
    return { accounts, more: false };
  }

  /** Where that name key is, or would be inserted. */
  #indexOf(nameKey: string): number {
    return firstIndexWhere(this.#byNameKey.length, (index) => this.#byNameKey[index]!.nameKey >= nameKey);
  }
}
