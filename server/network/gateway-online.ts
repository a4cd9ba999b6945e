import type { AccountId } from '../../shared/ids.ts';
import { PRESENCE_GRACE_MS, PRESENCE_TOLD_MAX } from '../../shared/limits.ts';
import type { ChatReader, Engine } from '../engine/engine.ts';
import type { After } from './gateway-connection.ts';
import type { Pushes } from './gateway-pushes.ts';

/**
 * Which accounts are shown as online: those with a socket that is logged in here, and those whose last one broke off
 * moments ago, since clients come back. The primary tells acquaintances when that changes.
 */
export class Online {
  readonly #engine: Engine;
  readonly #pushes: Pushes;
  readonly #after: After;
  /** Who is online; of those whose sockets are gone, how to keep them from being taken for offline. */
  readonly #online = new Map<AccountId, (() => void) | undefined>();

  constructor(engine: Engine, pushes: Pushes, after: After) {
    this.#engine = engine;
    this.#pushes = pushes;
    this.#after = after;
  }

  /** Whether `viewer` is shown the account as online; of two of whom one blocks the other, neither is. */
  isShown(chat: ChatReader, account: AccountId, viewer: AccountId): boolean {
    return this.#online.has(account) && !isApart(chat, account, viewer);
  }

  /** The account has a socket. */
  came(account: AccountId): void {
    const wasOnline = this.#online.has(account);
    this.#online.get(account)?.();
    this.#online.set(account, undefined);
    if (!wasOnline) this.#tell(account, true);
  }

  /** The account's last socket is gone: it logged out, or its connection ended, which may be mended soon. */
  went(account: AccountId, how: 'logged-out' | 'broken-off'): void {
    if (how === 'logged-out') this.#end(account);
    else
      this.#online.set(
        account,
        this.#after(PRESENCE_GRACE_MS, () => this.#end(account)),
      );
  }

  /** One of two accounts has begun, or ceased, to block the other: each is shown to the other accordingly. */
  onBlock(one: AccountId, other: AccountId): void {
    if (!this.#engine.isPrimary()) return;
    const { chat } = this.#engine;
    for (const acquaintance of chat.acquaintances(one)) {
      if (acquaintance !== other) continue;
      for (const [shown, viewer] of [[one, other] as const, [other, one] as const]) {
        const username = chat.account(shown)?.username;
        if (username === undefined || !this.#online.has(shown)) continue;
        this.#pushes.passTo([viewer], 'presence:changed', { username, online: this.isShown(chat, shown, viewer) });
      }
      return;
    }
  }

  #end(account: AccountId): void {
    this.#online.delete(account);
    this.#tell(account, false);
  }

  #tell(account: AccountId, online: boolean): void {
    if (!this.#engine.isPrimary()) return;
    const { chat } = this.#engine;
    const username = chat.account(account)?.username;
    if (username === undefined) return;
    const told: AccountId[] = [];
    for (const acquaintance of chat.acquaintances(account)) {
      if (!this.#pushes.isReady(acquaintance) || isApart(chat, account, acquaintance)) continue;
      told.push(acquaintance);
      if (told.length === PRESENCE_TOLD_MAX) break;
    }
    this.#pushes.passTo(told, 'presence:changed', { username, online });
  }
}

/** Whether one of the two blocks the other. */
function isApart(chat: ChatReader, one: AccountId, other: AccountId): boolean {
  return chat.isBlocked(one, other) || chat.isBlocked(other, one);
}
