import { readAccountBody } from '../../shared/account-body.ts';
import { assert } from '../../shared/assert.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { NameIndex } from './name-index.ts';

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
  /** Empty when it chose none, and once the account is deleted. */
  displayName: string;
  /** The op whose row holds the password: its creation, or the latest `account:password`. */
  passwordAtOp: number;
  /** The first `account:password`; 0 while the password is that of its creation. */
  firstPasswordOp: number;
  /** The op whose row holds the display name; 0 without one. */
  profileAtOp: number;
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
    displayName: '',
    passwordAtOp: entry.op,
    firstPasswordOp: 0,
    profileAtOp: 0,
  };
}

/** Present accounts by id and by name, and the tombstones of deleted ones. In the order of their creation. */
export class Accounts {
  readonly #byId = new Map<AccountId, Account>();
  readonly #present = new NameIndex<Account>();

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
    return this.#present.find(nameKey);
  }

  /** The id must be new and the name key free. */
  add(account: Account): void {
    assert(!this.#byId.has(account.id), `account ${account.id} exists already`);
    this.#byId.set(account.id, account);
    this.#present.add(account);
  }

  /** Adds many at once, oldest first, to what must be empty; tombstones may be among them. */
  restore(accounts: readonly Account[]): void {
    assert(this.#byId.size === 0, 'accounts are restored into an empty state only');
    for (const account of accounts) {
      assert(!this.#byId.has(account.id), `account ${account.id} is there twice`);
      this.#byId.set(account.id, account);
    }
    this.#present.restore(accounts.filter(({ deletedAtOp }) => deletedAtOp === 0));
  }

  /** Turns a present account into a tombstone; its name is free from now on. */
  markDeleted(account: Account, op: number): void {
    this.#present.remove(account);
    account.deletedAtOp = op;
    account.passwordHash = '';
    account.displayName = '';
    account.profileAtOp = 0;
  }

  /** Forgets a tombstone, when no message of it is left. */
  dropTombstone(id: AccountId): void {
    assert(this.find(id)?.deletedAtOp !== 0, `account ${id} is present`);
    this.#byId.delete(id);
  }

  /** Present accounts whose name key matches, in the order of name keys; see {@link NameIndex.list}. */
  list(ask: { pattern: string; after: string | undefined; limit: number }): { accounts: Account[]; more: boolean } {
    const { found, more } = this.#present.list(ask);
    return { accounts: found, more };
  }
}
