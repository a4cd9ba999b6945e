import type { ChatEvent } from '../../client/chat-types.ts';
import type { Conversation, Message, Replies, Room } from '../../shared/api.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';

interface KnownRoom {
  room: Room;
  members: string[];
  removed: string[];
}

type Done = Promise<Result<{ position: number }>>;

/** What servers would keep besides messages in conversations of two: rooms, read marks, blocks, names. */
export abstract class FakeServers {
  username = '';
  /** Passwords by username. */
  readonly accounts = new Map<string, string>();
  readonly displayNames = new Map<string, string>();
  readonly rooms = new Map<string, KnownRoom>();
  readonly blocked = new Set<string>();
  readonly online = new Set<string>();
  /** Read marks of the user, by conversation. */
  readonly marks = new Map<string, number>();
  readonly documents = new Map<string, unknown>();
  /** Answers to `history`, newest last. */
  stored: Message[] = [];
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  protected position = 0;

  abstract tell(event: ChatEvent): void;

  protected next(): { position: number } {
    this.position += 1;
    return { position: this.position };
  }

  /** A room that is there, with these members; the first one owns it. */
  putRoom(name: string, topic: string, members: readonly string[]): void {
    const room = { name, topic, owner: members[0] ?? '', members: members.length };
    this.rooms.set(name, { room, members: [...members], removed: [] });
  }

  protected isIn(message: Message, other: string): boolean {
    return other.startsWith('#') || message.to.startsWith('#')
      ? message.to === other
      : message.from === other || message.to === other;
  }

  /** All conversations of the user, as the servers would tell them. */
  conversations(): Conversation[] {
    const mine = [...this.rooms.values()].filter((one) => one.members.includes(this.username));
    const direct = this.stored.filter((one) => !one.to.startsWith('#')).flatMap((one) => [one.from, one.to]);
    const others = [...new Set(direct)].filter((name) => name !== this.username);
    const names = [...mine.map((one) => one.room.name), ...others];
    return names.map((name) => this.#conversation(name));
  }

  #conversation(name: string): Conversation {
    const messages = this.stored.filter((one) => this.isIn(one, name));
    const read = this.marks.get(name) ?? 0;
    const unread = messages.filter((one) => one.position > read && one.from !== this.username).length;
    const told = { with: name, last: messages.at(-1)?.position ?? 0, read, unread };
    const room = this.rooms.get(name)?.room;
    if (room) return { ...told, room };
    const displayName = this.displayNames.get(name);
    return { ...told, online: this.online.has(name), ...(displayName === undefined ? {} : { displayName }) };
  }

  markRead(conversation: string, position: number): void {
    this.asked.push(`read ${conversation} ${position}`);
    this.marks.set(conversation, position);
  }

  setTyping(conversation: string, typing: boolean): void {
    this.asked.push(`typing ${conversation} ${typing}`);
  }

  async createRoom(name: string, topic = ''): Done {
    this.asked.push(`create ${name}`);
    if (this.rooms.has(name)) return refusal('room-taken', `The room ${name} is there already.`);
    this.putRoom(name, topic, [this.username]);
    this.tell({ type: 'room-changed', room: this.rooms.get(name)!.room });
    return success(this.next());
  }

  async joinRoom(name: string): Done {
    this.asked.push(`join ${name}`);
    const known = this.rooms.get(name);
    if (!known) return refusal('no-such-room', `There is no room ${name}.`);
    if (known.removed.includes(this.username)) return refusal('forbidden', `You were removed from ${name}.`);
    known.members.push(this.username);
    known.room = { ...known.room, members: known.members.length };
    this.tell({ type: 'room-changed', room: known.room });
    return success(this.next());
  }

  async leaveRoom(name: string): Done {
    this.asked.push(`leave ${name}`);
    return this.#takeOut(name, this.username, false);
  }

  #takeOut(name: string, username: string, removed: boolean): Result<{ position: number }> {
    const known = this.rooms.get(name);
    if (!known?.members.includes(username)) return refusal('not-a-member', `${username} is no member of ${name}.`);
    known.members = known.members.filter((one) => one !== username);
    known.room = { ...known.room, members: known.members.length };
    if (removed) known.removed.push(username);
    this.tell({ type: 'room-left', room: name, username, removed });
    return success(this.next());
  }

  async removeFromRoom(name: string, username: string): Done {
    this.asked.push(`remove ${username} from ${name}`);
    return this.#takeOut(name, username, true);
  }

  async readmitToRoom(name: string, username: string): Done {
    this.asked.push(`readmit ${username} to ${name}`);
    return success(this.next());
  }

  async deleteRoom(name: string): Done {
    this.asked.push(`delete room ${name}`);
    this.rooms.delete(name);
    this.tell({ type: 'room-deleted', room: name });
    return success(this.next());
  }

  async setTopic(name: string, topic: string): Done {
    const known = this.rooms.get(name);
    if (known?.room.owner !== this.username) return refusal('forbidden', 'Only the owner sets the topic.');
    known.room = { ...known.room, topic };
    this.tell({ type: 'room-changed', room: known.room });
    return success(this.next());
  }

  async listRooms(pattern = '*'): Promise<Result<Replies['room:list']>> {
    this.asked.push(`rooms ${pattern}`);
    return success({ rooms: [...this.rooms.values()].map((one) => one.room), more: false });
  }

  async roomMembers(name: string): Promise<Result<Replies['room:members']>> {
    const known = this.rooms.get(name);
    if (!known) return refusal('no-such-room', `There is no room ${name}.`);
    const members = known.members.map((username) => ({ username, online: this.online.has(username) }));
    return success({ members, more: false });
  }

  async settings(): Promise<Result<Replies['account:settings']>> {
    const displayName = this.displayNames.get(this.username) ?? '';
    return success({ username: this.username, displayName, blocked: [...this.blocked], sessions: 1 });
  }

  async setDisplayName(displayName: string): Done {
    this.asked.push(`name ${displayName}`);
    this.displayNames.set(this.username, displayName);
    return success(this.next());
  }

  async block(username: string): Done {
    this.asked.push(`block ${username}`);
    this.blocked.add(username);
    this.tell({ type: 'account-blocked', username, blocked: true });
    return success(this.next());
  }

  async unblock(username: string): Done {
    this.asked.push(`unblock ${username}`);
    this.blocked.delete(username);
    this.tell({ type: 'account-blocked', username, blocked: false });
    return success(this.next());
  }

  async changePassword(password: string, newPassword: string): Promise<Result<object>> {
    this.asked.push('change password');
    if (this.accounts.get(this.username) !== password) return refusal('wrong-password', 'The password is wrong.');
    this.accounts.set(this.username, newPassword);
    return success({});
  }

  async setDocument(key: string, value: unknown): Promise<Result<Replies['document:set']>> {
    this.asked.push(`set ${key}`);
    const created = !this.documents.has(key);
    this.documents.set(key, value);
    return success({ created, replicas: 3, ...this.next() });
  }

  async getDocument(key: string): Promise<Result<Replies['document:get']>> {
    return success(this.documents.has(key) ? { found: true, value: this.documents.get(key) } : { found: false });
  }

  async deleteDocument(key: string): Promise<Result<Replies['document:delete']>> {
    this.asked.push(`delete ${key}`);
    return success({ deleted: this.documents.delete(key), replicas: 3, ...this.next() });
  }
}
