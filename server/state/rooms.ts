import { assert } from '../../shared/assert.ts';
import type { AccountId, RoomId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { readRoomBody } from '../../shared/room-body.ts';
import { NameIndex } from './name-index.ts';

/** An account in a room. */
export interface Member {
  readonly joinedAtOp: number;
  /** Up to where it has read there; the op of its joining at first. */
  read: number;
}

/** A present room. */
export interface Room {
  /** The op number of its `room:create` entry, as text. */
  readonly id: RoomId;
  /** `#name`, as people typed it, NFC. Empty when compaction has removed it from the log: a later entry ends such a room. */
  readonly name: string;
  /** Empty as `name` is. */
  readonly nameKey: string;
  topic: string;
  /** The op whose row holds the topic: its creation, or the latest `room:topic`. */
  topicAtOp: number;
  /** The first `room:topic`; 0 while the topic is that of its creation. */
  firstTopicOp: number;
  /** Always a member. */
  owner: AccountId;
  /** In the order in which they joined; never empty. */
  readonly members: Map<AccountId, Member>;
  /** Who cannot join until the owner lets them. */
  readonly removed: Set<AccountId>;
}

/** The room that a `room:create` entry makes, if its name is free; nobody is in it yet. */
export function newRoom(entry: LogEntry): Room {
  const { name, nameKey, topic } = readRoomBody(entry);
  const owner = entry.account as AccountId;
  const id = String(entry.op) as RoomId;
  const places = { topicAtOp: entry.op, firstTopicOp: 0 };
  return { id, name, nameKey, topic, ...places, owner, members: new Map(), removed: new Set() };
}

/** Present rooms by id and by name, in the order of their creation, and who is in which. */
export class Rooms {
  readonly #byId = new Map<RoomId, Room>();
  readonly #names = new NameIndex<Room>();
  /** The rooms of each account in the order in which it joined them; accounts without any have none. */
  readonly #roomsOf = new Map<AccountId, Set<Room>>();
  /** Where each account was removed from. */
  readonly #removedFrom = new Map<AccountId, Set<Room>>();
  /** Made anew when members come or go: a list that was handed out never changes. */
  readonly #memberIds = new Map<Room, readonly AccountId[]>();

  all(): IterableIterator<Room> {
    return this.#byId.values();
  }

  find(id: string): Room | undefined {
    return this.#byId.get(id as RoomId);
  }

  byNameKey(nameKey: string): Room | undefined {
    return this.#names.find(nameKey);
  }

  list(ask: { pattern: string; after: string | undefined; limit: number }): { found: Room[]; more: boolean } {
    return this.#names.list(ask);
  }

  /** The rooms that an account is in, in the order in which it joined them. */
  of(account: AccountId): ReadonlySet<Room> {
    return this.#roomsOf.get(account) ?? NONE;
  }

  /** In the order in which they joined. */
  memberIds(room: Room): readonly AccountId[] {
    const known = this.#memberIds.get(room);
    if (known !== undefined) return known;
    const members = [...room.members.keys()];
    this.#memberIds.set(room, members);
    return members;
  }

  /** The id must be new and the name key free. */
  add(room: Room): void {
    assert(!this.#byId.has(room.id), `room ${room.id} exists already`);
    this.#byId.set(room.id, room);
    this.#names.add(room);
    const joined = [...room.members];
    room.members.clear();
    for (const [account, member] of joined) this.join(room, account, member);
    for (const account of room.removed) addTo(this.#removedFrom, account, room);
  }

  /** The account must be no member. */
  join(room: Room, account: AccountId, member: Member): void {
    assert(!room.members.has(account), `account ${account} is in room ${room.id} already`);
    room.members.set(account, member);
    addTo(this.#roomsOf, account, room);
    this.#memberIds.delete(room);
  }

  /** The account must be a member. The owner's place goes to who has been there longest; of an empty room the caller makes an end. */
  leave(room: Room, account: AccountId): void {
    assert(room.members.delete(account), `account ${account} is in room ${room.id}`);
    takeFrom(this.#roomsOf, account, room);
    this.#memberIds.delete(room);
    if (room.owner !== account) return;
    const [next] = room.members.keys();
    if (next !== undefined) room.owner = next;
  }

  /** From now on the account cannot join. */
  shutOut(room: Room, account: AccountId): void {
    room.removed.add(account);
    addTo(this.#removedFrom, account, room);
  }

  readmit(room: Room, account: AccountId): void {
    room.removed.delete(account);
    takeFrom(this.#removedFrom, account, room);
  }

  /** Of an account that is in no room any more. */
  forget(account: AccountId): void {
    for (const room of this.#removedFrom.get(account) ?? []) room.removed.delete(account);
    this.#removedFrom.delete(account);
  }

  /** The room is gone, its name free. */
  end(room: Room): void {
    for (const account of room.members.keys()) takeFrom(this.#roomsOf, account, room);
    for (const account of room.removed) takeFrom(this.#removedFrom, account, room);
    this.#memberIds.delete(room);
    this.#names.remove(room);
    this.#byId.delete(room.id);
  }

  /** For a state that is restored: the rooms of each account, in the order in which it joined them. */
  sortByJoining(): void {
    for (const [account, rooms] of this.#roomsOf) {
      const joinedAtOp = (room: Room) => room.members.get(account)!.joinedAtOp;
      this.#roomsOf.set(account, new Set([...rooms].sort((a, b) => joinedAtOp(a) - joinedAtOp(b))));
    }
  }
}

const NONE: ReadonlySet<Room> = new Set();

function addTo(sets: Map<AccountId, Set<Room>>, account: AccountId, room: Room): void {
  const set = sets.get(account);
  if (set) set.add(room);
  else sets.set(account, new Set([room]));
}

function takeFrom(sets: Map<AccountId, Set<Room>>, account: AccountId, room: Room): void {
  const set = sets.get(account);
  set?.delete(room);
  if (set?.size === 0) sets.delete(account);
}
