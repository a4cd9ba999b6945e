import type { AccountId } from '../../shared/ids.ts';

/** Which accounts want nothing from which others. */
export class Blocks {
  readonly #blocked = new Map<AccountId, Set<AccountId>>();

  /** In the order in which they were blocked. */
  of(account: AccountId): ReadonlySet<AccountId> {
    return this.#blocked.get(account) ?? NOBODY;
  }

  /** @returns false when it was so already */
  add(by: AccountId, account: AccountId): boolean {
    if (this.of(by).has(account)) return false;
    const blocked = this.#blocked.get(by);
    if (blocked) blocked.add(account);
    else this.#blocked.set(by, new Set([account]));
    return true;
  }

  /** @returns false when it was so already */
  remove(by: AccountId, account: AccountId): boolean {
    const blocked = this.#blocked.get(by);
    if (!blocked?.delete(account)) return false;
    if (blocked.size === 0) this.#blocked.delete(by);
    return true;
  }

  /** Whether one of the two has blocked the other. */
  isBetween(one: AccountId, other: AccountId): boolean {
    if (this.#blocked.size === 0) return false;
    return this.of(one).has(other) || this.of(other).has(one);
  }

  /** The account is gone. */
  forget(account: AccountId): void {
    this.#blocked.delete(account);
    for (const by of [...this.#blocked.keys()]) this.remove(by, account);
  }

  /** Who blocks whom. */
  *all(): Generator<[AccountId, AccountId]> {
    for (const [by, blocked] of this.#blocked) for (const account of blocked) yield [by, account];
  }
}

const NOBODY: ReadonlySet<AccountId> = new Set();
