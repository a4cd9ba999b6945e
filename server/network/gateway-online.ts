import type { AccountId } from '../../shared/ids.ts';
import { PRESENCE_GRACE_MS, PRESENCE_TOLD_MAX } from '../../shared/limits.ts';
import type { ChatReader, Engine, ServerNews } from '../engine/engine.ts';
import type { After } from './gateway-connection.ts';
import type { Pushes } from './gateway-pushes.ts';

/**
 * Which accounts are shown as online: those with a socket that is logged in here or at another server, and those whose last one broke off
 * moments ago, since clients come back. Each server tells acquaintances that are connected to it when that changes.
 */
export class Online {
  readonly #engine: Engine;
  readonly #pushes: Pushes;
  readonly #after: After;
  /** Who is online here; of those whose sockets are gone, how to keep them from being taken for offline. */
  readonly #here = new Map<AccountId, (() => void) | undefined>();
  /** Who is online at other servers, as they told. */
  readonly #elsewhere = new Map<string, Set<AccountId>>();
  /** Of servers that are out of reach: how to keep what they told from being forgotten. */
  readonly #forgetting = new Map<string, () => void>();
  /** What the others are told when this turn is over. */
  readonly #untold = new Set<AccountId>();

  constructor(engine: Engine, pushes: Pushes, after: After) {
    this.#engine = engine;
    this.#pushes = pushes;
    this.#after = after;
  }

  /** Whether `viewer` is shown the account as online; of two of whom one blocks the other, neither is. */
  isShown(chat: ChatReader, account: AccountId, viewer: AccountId): boolean {
    return this.#isOnline(account) && !isApart(chat, account, viewer);
  }

  /** The account has a socket. */
  came(account: AccountId): void {
    const wasOnline = this.#isOnline(account);
    const wasHere = this.#here.has(account);
    this.#here.get(account)?.();
    this.#here.set(account, undefined);
    if (!wasHere) this.#tellServers(account);
    if (!wasOnline) this.#tell(account, true);
  }

  /** The account's last socket is gone: it logged out, or its connection ended, which may be mended soon. */
  went(account: AccountId, how: 'logged-out' | 'broken-off'): void {
    if (how === 'logged-out') this.#end(account);
    else
      this.#here.set(
        account,
        this.#after(PRESENCE_GRACE_MS, () => this.#end(account)),
      );
  }

  /** Another server is connected, and is told everything; or it is no longer, and what it told holds for a while. */
  onServerLink(server: string, isUp: boolean): void {
    this.#forgetting.get(server)?.();
    this.#forgetting.delete(server);
    if (isUp) {
      this.#engine.tellServers(
        { type: 'presence', isWhole: true, online: [...this.#here.keys()], offline: [] },
        server,
      );
    } else if (this.#elsewhere.has(server)) {
      const forget = () => this.onPresence(server, { isWhole: true, online: [], offline: [] });
      this.#forgetting.set(server, this.#after(PRESENCE_GRACE_MS, forget));
    }
  }

  /** Another server tells who is online there. */
  onPresence(server: string, { isWhole, online, offline }: Omit<ServerNews & { type: 'presence' }, 'type'>): void {
    const before = this.#elsewhere.get(server) ?? new Set<AccountId>();
    const now = new Set([...(isWhole ? [] : before), ...online]);
    for (const account of offline) now.delete(account);
    const changed = [...new Set([...before, ...now])].filter((account) => before.has(account) !== now.has(account));
    const wereOnline = changed.filter((account) => this.#isOnline(account));
    this.#elsewhere.set(server, now);
    for (const account of changed) {
      const isOnline = this.#isOnline(account);
      if (isOnline !== wereOnline.includes(account)) this.#tell(account, isOnline);
    }
  }

  #isOnline(account: AccountId): boolean {
    if (this.#here.has(account)) return true;
    for (const accounts of this.#elsewhere.values()) if (accounts.has(account)) return true;
    return false;
  }

  #tellServers(account: AccountId): void {
    if (this.#untold.size === 0) void Promise.resolve().then(() => this.#tellUntold());
    this.#untold.add(account);
  }

  #tellUntold(): void {
    const changed = [...this.#untold];
    this.#untold.clear();
    const online = changed.filter((account) => this.#here.has(account));
    const offline = changed.filter((account) => !this.#here.has(account));
    this.#engine.tellServers({ type: 'presence', isWhole: false, online, offline });
  }

  /** One of two accounts has begun, or ceased, to block the other: each is shown to the other accordingly. */
  onBlock(one: AccountId, other: AccountId): void {
    if (!this.#engine.isFull()) return;
    const { chat } = this.#engine;
    for (const acquaintance of chat.acquaintances(one)) {
      if (acquaintance !== other) continue;
      for (const [shown, viewer] of [[one, other] as const, [other, one] as const]) {
        const username = chat.account(shown)?.username;
        if (username === undefined || !this.#isOnline(shown)) continue;
        this.#pushes.passTo([viewer], 'presence:changed', { username, online: this.isShown(chat, shown, viewer) });
      }
      return;
    }
  }

  #end(account: AccountId): void {
    this.#here.delete(account);
    this.#tellServers(account);
    if (!this.#isOnline(account)) this.#tell(account, false);
  }

  #tell(account: AccountId, online: boolean): void {
    if (!this.#engine.isFull()) return;
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
