import type { PushEvent } from '../../client/transport.ts';
import type { Conversation, Message, ReadEvent, Room, WriteEvent } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';

type Payload = Record<string, unknown>;

/** What of the fake cluster its conversations stand on. */
export interface FakeLog {
  position: number;
  readonly pageSize: number;
  messages(): Message[];
  isOnline(username: string): boolean;
  push(usernames: Iterable<string>, event: PushEvent, payload: unknown): void;
}

interface FakeRoom extends Omit<Room, 'members'> {
  /** The operation with which each member joined. */
  joined: Map<string, number>;
  removed: Set<string>;
}

/** Rooms, read marks, display names and blocks of a fake cluster. Names are taken as they are typed. */
export class FakeConversations {
  readonly rooms = new Map<string, FakeRoom>();
  /** By `USER WITH`. */
  readonly read = new Map<string, number>();
  readonly displayNames = new Map<string, string>();
  readonly blocked = new Map<string, Set<string>>();
  /** The primary takes read marks, and dies before it writes them down. */
  losesMarks = false;
  readonly #log: FakeLog;

  constructor(log: FakeLog) {
    this.#log = log;
  }

  /** Those who see what is written from one to another, or to a room. */
  audience(from: string, to: string): string[] {
    return to.startsWith('#') ? [...(this.rooms.get(to)?.joined.keys() ?? [])] : [...new Set([from, to])];
  }

  concerns({ from, to, position }: Message, username: string): boolean {
    if (!to.startsWith('#')) return from === username || to === username;
    const joined = this.rooms.get(to)?.joined.get(username);
    return joined !== undefined && joined < position;
  }

  shown({ joined, removed: _, ...room }: FakeRoom): Room {
    return { ...room, members: joined.size };
  }

  create(name: string, owner: string, topic = ''): void {
    this.#log.position += 1;
    const room = { name, topic, owner, joined: new Map([[owner, this.#log.position]]), removed: new Set<string>() };
    this.rooms.set(name, room);
    this.#tellOf(room);
  }

  join(name: string, username: string): void {
    const room = this.rooms.get(name)!;
    this.#log.position += 1;
    room.joined.set(username, this.#log.position);
    this.#tell(room, 'room:joined', { room: name, username });
    this.#tellOf(room);
  }

  leave(name: string, username: string, removed = false): void {
    const room = this.rooms.get(name)!;
    this.#log.position += 1;
    this.#tell(room, 'room:left', { room: name, username, removed });
    room.joined.delete(username);
    if (removed) room.removed.add(username);
    this.#tellOf(room);
  }

  delete(name: string): void {
    const room = this.rooms.get(name)!;
    this.#log.position += 1;
    this.rooms.delete(name);
    this.#tell(room, 'room:deleted', { room: name });
  }

  setTopic(name: string, topic: string): void {
    const room = this.rooms.get(name)!;
    this.#log.position += 1;
    room.topic = topic;
    this.#tellOf(room);
  }

  /** The entry of a read mark. */
  mark(username: string, other: string, read: number): void {
    const key = `${username} ${other}`;
    if (read <= (this.read.get(key) ?? 0)) return;
    this.#log.position += 1;
    this.read.set(key, read);
    this.#log.push([username], 'conversation:read', { with: other, read, position: this.#log.position });
  }

  list(username: string): Conversation[] {
    const messages = this.#log.messages().filter((message) => this.concerns(message, username));
    const withOf = ({ from, to }: Message): string => (to.startsWith('#') || from === username ? to : from);
    const rooms = [...this.rooms.values()].filter(({ joined }) => joined.has(username)).map(({ name }) => name);
    return [...new Set([...messages.map(withOf), ...rooms])].map((other) => {
      const written = messages.filter((message) => withOf(message) === other);
      const room = this.rooms.get(other);
      const read = Math.max(this.read.get(`${username} ${other}`) ?? 0, room?.joined.get(username) ?? 0);
      const unread = written.filter(({ from, position }) => from !== username && position > read).length;
      const displayName = this.displayNames.get(other);
      return {
        with: other,
        last: written.at(-1)?.position ?? 0,
        read,
        unread,
        ...(room ? { room: this.shown(room) } : { online: this.#log.isOnline(other) }),
        ...(displayName === undefined ? {} : { displayName }),
      };
    });
  }

  /** Answers a question; undefined when it is about something else. */
  answer(event: ReadEvent, username: string, payload: Payload): object | ErrorCode | undefined {
    if (event === 'conversation:list') {
      const all = this.list(username);
      const start = payload.after === undefined ? 0 : all.findIndex((one) => one.with === payload.after) + 1;
      const conversations = all.slice(start, start + this.#log.pageSize);
      const more = start + conversations.length < all.length;
      return { ok: true, conversations, position: this.#log.position, more };
    }
    if (event === 'conversation:read') {
      if (String(payload.with).startsWith('#') && !this.rooms.get(String(payload.with))?.joined.has(username)) {
        return 'not-a-member';
      }
      if (!this.losesMarks) this.mark(username, payload.with as string, payload.position as number);
      return { ok: true };
    }
    if (event === 'typing:set') {
      const { with: to, typing } = payload as { with: string; typing: boolean };
      for (const one of this.audience(username, to).filter((other) => other !== username)) {
        this.#log.push([one], 'typing:changed', { with: to.startsWith('#') ? to : username, username, typing });
      }
      return { ok: true };
    }
    if (event === 'account:settings') {
      const blocked = [...(this.blocked.get(username) ?? [])];
      return { ok: true, username, displayName: this.displayNames.get(username) ?? '', blocked, sessions: 1 };
    }
    if (event === 'room:list') {
      return { ok: true, rooms: [...this.rooms.values()].map((room) => this.shown(room)), more: false };
    }
    if (event !== 'room:members') return undefined;
    const room = this.rooms.get(payload.room as string);
    if (!room) return 'no-such-room';
    const members = [...room.joined.keys()].map((one) => ({ username: one, online: this.#log.isOnline(one) }));
    return { ok: true, members, more: false };
  }

  /** Does a write; the code of the refusal, or undefined when it is about something else. */
  do(event: WriteEvent, username: string, payload: Payload): object | ErrorCode | undefined {
    const refused = event.startsWith('room:')
      ? this.#doInRoom(event, username, payload)
      : this.#doFor(event, username, payload);
    if (refused !== '') return refused;
    return { ok: true, position: this.#log.position };
  }

  #doInRoom(event: WriteEvent, username: string, payload: Payload): ErrorCode | '' {
    const { room: name, topic = '', username: other } = payload as { room: string; topic?: string; username: string };
    const room = this.rooms.get(name);
    if (event === 'room:create') {
      if (room) return 'room-taken';
      this.create(name, username, topic);
      return '';
    }
    if (!room) return 'no-such-room';
    if (event === 'room:join') {
      if (room.removed.has(username)) return 'forbidden';
      if (!room.joined.has(username)) this.join(name, username);
      return '';
    }
    if (!room.joined.has(username)) return 'not-a-member';
    if (event === 'room:leave') {
      this.leave(name, username);
      return '';
    }
    if (room.owner !== username) return 'forbidden';
    if (event === 'room:topic') this.setTopic(name, topic);
    else if (event === 'room:remove') this.leave(name, other, true);
    else if (event === 'room:readmit') room.removed.delete(other);
    else this.delete(name);
    return '';
  }

  #doFor(event: WriteEvent, username: string, payload: Payload): '' | undefined {
    const other = payload.username as string;
    const blocked = this.blocked.get(username) ?? new Set<string>();
    if (event === 'account:profile') {
      const displayName = payload.displayName as string;
      this.#log.position += 1;
      this.displayNames.set(username, displayName);
      const acquaintances = this.list(username).map((one) => one.with);
      this.#log.push([username, ...acquaintances], 'account:changed', {
        username,
        displayName,
        position: this.#log.position,
      });
      return '';
    }
    if (event !== 'account:block' && event !== 'account:unblock') return undefined;
    this.#log.position += 1;
    if (event === 'account:block') blocked.add(other);
    else blocked.delete(other);
    this.blocked.set(username, blocked);
    const change = { username: other, blocked: event === 'account:block', position: this.#log.position };
    this.#log.push([username], 'account:blocked', change);
    return '';
  }

  #tellOf(room: FakeRoom): void {
    this.#tell(room, 'room:changed', { room: this.shown(room) });
  }

  #tell(room: FakeRoom, event: PushEvent, payload: object): void {
    this.#log.push(room.joined.keys(), event, { ...payload, position: this.#log.position });
  }
}
