import type { ChatParts } from './chat-parts.ts';
import type { Room } from './rooms.ts';

/** A message that its recipient has not received, without its text and time, which are in the log. */
export interface QueuedMessage {
  position: number;
  id: string;
  /** Usernames. */
  from: string;
  to: string;
  /** `#name`; empty for a message from one account to another. */
  room: string;
  /** The op whose row holds the text: `position`, unless it was edited. */
  textAt: number;
}

/** Who is to receive what is said in a room. */
interface RoomQueue {
  name: string;
  members: { account: string; name: string; received: number }[];
}

/** How many messages one piece looks at: about a millisecond. */
const LOOKED_AT = 20_000;
/** Rooms with more members are left out. */
const MEMBERS_MAX = 100;

/**
 * The messages that were queued when this was made, told piece by piece while the state goes on: what an account had received
 * is copied, and what was deleted since is known by its op. A message in a room is queued for each member but its sender, unless there are more than 100.
 */
export class MessageQueue {
  readonly #archive: ChatParts['archive'];
  readonly #op: number;
  readonly #end: number;
  /** By the account's number: what it had received; infinite for one that was not present. */
  readonly #received: Float64Array;
  readonly #names: string[];
  /** By conversation. */
  readonly #rooms = new Map<number, RoomQueue>();
  #next = 0;

  /** @param op the last operation that was applied */
  constructor(parts: Pick<ChatParts, 'archive' | 'accounts' | 'rooms'>, op: number) {
    const { archive, accounts, rooms } = parts;
    this.#archive = archive;
    this.#op = op;
    this.#end = archive.length;
    const present = archive.accounts.map((id) => accounts.present(id));
    this.#received = Float64Array.from(present, (account) => account?.received ?? Number.POSITIVE_INFINITY);
    this.#names = archive.accounts.map((id) => accounts.find(id)?.username ?? '');
    let lowest = this.#received.reduce((least, received) => Math.min(least, received), Number.POSITIVE_INFINITY);
    for (const room of rooms.all()) {
      const conversation = archive.inRoom(room.id);
      if (conversation === undefined || room.members.size > MEMBERS_MAX) continue;
      const members = membersOf(parts, room);
      this.#rooms.set(conversation, { name: room.name, members });
      for (const { received } of members) lowest = Math.min(lowest, received);
    }
    if (this.#end > 0) this.#next = archive.columns.firstAbove(lowest);
  }

  /** True when there are no more pieces. */
  get isOver(): boolean {
    return this.#next >= this.#end;
  }

  /**
   * The next ones by position, perhaps none.
   *
   * @param most how many at most, but that those who are to receive one message are told together
   */
  next(most: number): QueuedMessage[] {
    const found: QueuedMessage[] = [];
    const end = Math.min(this.#end, this.#next + LOOKED_AT);
    for (; this.#next < end && found.length < most; this.#next++) {
      const message = this.#next;
      const recipients = this.#recipientsOf(message);
      if (recipients === undefined) continue;
      for (const { to, room } of recipients) found.push(this.#queued(message, to, room));
    }
    return found;
  }

  /** How many there are; looks at all of them. */
  count(): number {
    let count = 0;
    for (let message = this.#next; message < this.#end; message++) count += this.#recipientsOf(message)?.length ?? 0;
    return count;
  }

  #queued(message: number, to: string, room: string): QueuedMessage {
    const { columns } = this.#archive;
    const editedAtOp = columns.editedAtOp(message);
    const position = columns.position(message);
    return {
      position,
      id: this.#archive.idOf(message),
      from: this.#names[columns.sender(message)]!,
      to,
      room,
      textAt: editedAtOp || position,
    };
  }

  /** Undefined for nobody. */
  #recipientsOf(message: number): { to: string; room: string }[] | undefined {
    const { columns, conversations, accounts } = this.#archive;
    const conversation = columns.conversation(message);
    const position = columns.position(message);
    if (!conversations.isRoom(conversation)) {
      const recipient = this.#archive.recipient(message);
      if (position <= this.#received[recipient]! || this.#wasDeleted(message)) return undefined;
      return [{ to: this.#names[recipient]!, room: '' }];
    }
    const room = this.#rooms.get(conversation);
    if (room === undefined || this.#wasDeleted(message)) return undefined;
    const sender = accounts[columns.sender(message)];
    const waiting = room.members.filter(({ account, received }) => account !== sender && received < position);
    return waiting.map(({ name }) => ({ to: name, room: room.name }));
  }

  #wasDeleted(message: number): boolean {
    const deletedAtOp = this.#archive.columns.deletedAtOp(message);
    return deletedAtOp > 0 && deletedAtOp <= this.#op;
  }
}

/** Nobody is to receive what was said before they joined. */
function membersOf({ accounts }: Pick<ChatParts, 'accounts'>, room: Room): RoomQueue['members'] {
  return Array.from(room.members, ([account, { joinedAtOp }]) => {
    const { username, received } = accounts.find(account)!;
    return { account, name: username, received: Math.max(received, joinedAtOp) };
  });
}
