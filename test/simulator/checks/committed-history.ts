import type { LogEntry, LogEvent } from '../../../shared/operations.ts';
import {
  isConcerned,
  isPresentAt,
  isRoomAt,
  type LoggedAccount,
  type LoggedItem,
  type LoggedMessage,
  type LoggedRoom,
  spanAt,
} from './logged.ts';
import { LoggedAccounts, pairsOf } from './logged-accounts.ts';
import { LoggedMessages } from './logged-messages.ts';
import { accountIn, LoggedRooms } from './logged-rooms.ts';
import { Timeline } from './timeline.ts';

/**
 * What the committed log means, worked out here once more and apart from `server/state`: which operations took effect,
 * who existed when, and what each account's history was at each position.
 */
export class CommittedHistory {
  /** Place `op - 1` holds operation `op`. */
  readonly entries: readonly LogEntry[];
  readonly #accounts = new LoggedAccounts();
  readonly #rooms = new LoggedRooms();
  readonly #messages = new LoggedMessages();
  readonly #itemsOf = new Map<LoggedAccount, LoggedItem[]>();
  readonly #effective = new Set<number>();

  /** @param entries operations from 1 on, without gaps */
  constructor(entries: readonly LogEntry[]) {
    this.entries = entries;
    for (const entry of entries) if (this.#apply(entry)) this.#effective.add(entry.op);
  }

  /** The last position. */
  get end(): number {
    return this.entries.length;
  }

  get accounts(): ReadonlyMap<string, LoggedAccount> {
    return this.#accounts.byId;
  }

  get rooms(): ReadonlyMap<string, LoggedRoom> {
    return this.#rooms.byId;
  }

  get messages(): ReadonlyMap<string, LoggedMessage> {
    return this.#messages.byId;
  }

  entry(position: number): LogEntry | undefined {
    return this.entries[position - 1];
  }

  /** Whether the operation there did something; the log holds requests, and some are refused when they are applied. */
  tookEffect(position: number): boolean {
    return this.#effective.has(position);
  }

  /** Accounts that ever had a name with this key, in the order of their creation; at most one is present at a time. */
  accountsWith(key: string): readonly LoggedAccount[] {
    return this.#accounts.with(key);
  }

  /** The account of that name key that is present once the operation at `position` is applied. */
  accountAt(key: string, position: number): LoggedAccount | undefined {
    return this.accountsWith(key).find((account) => isPresentAt(account, position));
  }

  /** Likewise of a room; its key has the `#`. */
  roomAt(key: string, position: number): LoggedRoom | undefined {
    return this.#rooms.with(key).find((room) => isRoomAt(room, position));
  }

  /** What ever concerned the account while it was in the conversation, by position. */
  itemsOf(account: LoggedAccount): readonly LoggedItem[] {
    const known = this.#itemsOf.get(account);
    if (known) return known;
    const items = this.#messages.items.filter(({ message, position }) => isConcerned(account, message, position));
    this.#itemsOf.set(account, items);
    return items;
  }

  /** All that was told, by position. */
  get items(): readonly LoggedItem[] {
    return this.#messages.items;
  }

  /** What was told at that position. */
  itemAt(position: number): LoggedItem | undefined {
    return this.#messages.items.find((item) => item.position === position);
  }

  /** The first position, and those up to the last at which one of these events took effect; of all events but messages when none are named. */
  changesBetween(first: number, last: number, events?: readonly LogEvent[]): number[] {
    const found = [first];
    for (let position = first + 1; position <= Math.min(last, this.end); position++) {
      const { event } = this.entry(position)!;
      const isMeant = events ? events.includes(event) : event !== 'message:received' && !event.startsWith('cluster:');
      if (isMeant && (this.tookEffect(position) || event === 'conversation:read')) found.push(position);
    }
    return found;
  }

  /** The accounts that are present at `position`, in the order of their keys. */
  presentAt(position: number): LoggedAccount[] {
    return inOrder([...this.accounts.values()].filter((account) => isPresentAt(account, position)));
  }

  /** Likewise the rooms. */
  roomsAt(position: number): LoggedRoom[] {
    return inOrder([...this.rooms.values()].filter((room) => isRoomAt(room, position)));
  }

  /** @returns whether it took effect */
  #apply(entry: LogEntry): boolean {
    if (entry.event === 'account:create') return this.#accounts.create(entry);
    if (entry.event === 'message:received') this.#accounts.noteReceived(entry);
    if (entry.event === 'conversation:read') this.#noteRead(entry);
    if (entry.event.startsWith('document:')) return true;
    const by = this.#accounts.present(entry.account, entry.op);
    if (!by) return false;
    if (entry.event.startsWith('room:')) return this.#applyToRoom(entry, by);
    if (entry.event.startsWith('message:')) return this.#applyToMessage(entry, by);
    return this.#applyToAccount(entry, by);
  }

  #applyToAccount(entry: LogEntry, by: LoggedAccount): boolean {
    const accounts = this.#accounts;
    switch (entry.event) {
      case 'account:delete':
        this.#rooms.leaveAll(by, entry.op);
        return accounts.delete(by, entry.op);
      case 'session:open':
        return accounts.openSession(by, entry.op);
      case 'session:close':
        return accounts.closeSession(by, entry);
      case 'session:close-all':
        return accounts.closeAll(by, entry.op);
      case 'account:password':
        return accounts.changePassword(by, entry);
      case 'account:profile':
        return accounts.setProfile(by, entry);
      case 'account:block':
        return accounts.block(by, entry);
      case 'account:unblock':
        return accounts.unblock(by, entry);
      default:
        return false;
    }
  }

  #applyToRoom(entry: LogEntry, by: LoggedAccount): boolean {
    const rooms = this.#rooms;
    const other = this.#accounts.present(accountIn(entry), entry.op);
    switch (entry.event) {
      case 'room:create':
        return rooms.create(by, entry);
      case 'room:join':
        return rooms.join(by, entry);
      case 'room:leave':
        return rooms.leave(by, entry);
      case 'room:topic':
        return rooms.setTopic(by, entry);
      case 'room:remove':
        return rooms.remove(by, entry, other);
      case 'room:readmit':
        return rooms.readmit(by, entry, other);
      default:
        return rooms.delete(by, entry);
    }
  }

  #applyToMessage(entry: LogEntry, by: LoggedAccount): boolean {
    const messages = this.#messages;
    switch (entry.event) {
      case 'message:send': {
        const [to = ''] = entry.subject.split(' ');
        return messages.send(by, this.#accounts.present(to, entry.op) ?? this.#rooms.present(to, entry.op), entry);
      }
      case 'message:edit':
        return messages.edit(by, entry);
      case 'message:delete':
        return messages.delete(by, entry);
      case 'message:react':
      case 'message:unreact':
        return messages.react(by, entry, entry.event === 'message:react');
      default:
        return false;
    }
  }

  /** A mark only rises; of what lies ahead of it, it says nothing. */
  #noteRead({ op, body }: LogEntry): void {
    for (const [key, position] of pairsOf(body)) {
      const [id = '', end = ''] = key.split('/');
      const account = this.#accounts.present(id, op);
      if (!account || position > op || !this.#mayRead(account, end, op)) continue;
      const mark = account.marks.get(end) ?? new Timeline(0, 0);
      account.marks.set(end, mark);
      if (position > mark.last) mark.set(op, position);
    }
  }

  /** It is in that conversation. */
  #mayRead(account: LoggedAccount, end: string, op: number): boolean {
    const room = this.rooms.get(end);
    if (room) return spanAt(room.stays, account, op) !== undefined;
    return [...this.messages.values()].some(
      ({ from, to }) => (from === account && to.id === end) || (from.id === end && to === account),
    );
  }
}

function inOrder<T extends { key: string }>(named: T[]): T[] {
  return named.sort((a, b) => (a.key < b.key ? -1 : 1));
}
