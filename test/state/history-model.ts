import type { ConversationView, HistoryAsk, HistoryPage } from '../../server/state/reader.ts';
import { readAccountBody } from '../../shared/account-body.ts';
import type { Deletion, Message, Reaction } from '../../shared/api.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { readRoomBody } from '../../shared/room-body.ts';

interface Sent {
  entry: LogEntry;
  from: string;
  /** An account or a room. */
  to: string;
  replyTo: string;
  edit: LogEntry | undefined;
  deletedAtOp: number;
  changedAtOp: number;
  /** Reactions that stand there, and who gave them. */
  given: { text: string; accounts: string[] }[];
  /** Ops of all rows that gave or took back reactions there. */
  rows: { account: string; op: number }[];
}

interface ModelRoom {
  name: string;
  /** When each joined, in that order. */
  members: Map<string, number>;
  topicAtOp: number;
  isGone: boolean;
}

interface ModelAccount {
  name: string;
  isDeleted: boolean;
  passwordAtOp: number;
  profileAtOp: number;
  displayName: string;
}

/** What a chat is, in the plainest words: all that was ever sent, in a list that is searched from its beginning. */
export class HistoryModel {
  readonly #sent: Sent[] = [];
  readonly #accounts = new Map<string, ModelAccount>();
  readonly #rooms = new Map<string, ModelRoom>();
  readonly #read = new Map<string, number>();
  /** The row that holds the value of each document, by its key. */
  readonly #documents = new Map<string, LogEntry>();
  #position = 0;

  /** @param tookEffect what the state made of it */
  apply(entry: LogEntry, tookEffect: boolean): void {
    this.#position = entry.op;
    if (!tookEffect) return;
    if (entry.event === 'document:set') this.#documents.set(entry.subject, entry);
    else if (entry.event === 'document:delete') this.#documents.delete(entry.subject);
    else if (entry.event.startsWith('room:')) this.#applyToRoom(entry);
    else if (entry.event.startsWith('message:')) this.#applyToMessage(entry);
    else this.#applyToAccount(entry);
  }

  #applyToAccount(entry: LogEntry): void {
    const { event, op, body } = entry;
    if (event === 'account:create') {
      const { username: name } = readAccountBody(entry);
      this.#accounts.set(String(op), { name, isDeleted: false, passwordAtOp: op, profileAtOp: 0, displayName: '' });
    }
    const account = this.#accounts.get(entry.account);
    if (event === 'account:password') account!.passwordAtOp = op;
    if (event === 'account:profile') Object.assign(account!, { profileAtOp: op, displayName: body });
    if (event === 'account:delete') {
      account!.isDeleted = true;
      for (const room of this.#rooms.values()) if (!room.isGone) this.#leave(room, entry.account);
      for (const sent of this.#sent) {
        sent.given = withoutGiver(sent.given, entry.account);
        sent.rows = sent.rows.filter((row) => row.account !== entry.account);
      }
    }
    if (event === 'conversation:read') for (const mark of body.split(' ')) this.#noteMark(mark);
  }

  #noteMark(text: string): void {
    const [, account, end, digits] = /^(\d+)\/(\d+)=(\d+)$/.exec(text)!;
    const position = Number(digits);
    const isThere = this.#rooms.has(end!)
      ? this.#isMember(account!, end!)
      : this.#sent.some((sent) => isBetween(sent, account!, end!)) && this.#accounts.get(account!)?.isDeleted === false;
    const key = `${account}/${end}`;
    if (isThere && position <= this.#position) this.#read.set(key, Math.max(position, this.#read.get(key) ?? 0));
  }

  #applyToRoom(entry: LogEntry): void {
    const { event, op } = entry;
    if (event === 'room:create') {
      const { name } = readRoomBody(entry);
      this.#rooms.set(String(op), { name, members: new Map(), topicAtOp: op, isGone: false });
      this.#join(String(op), entry.account);
      return;
    }
    const [id, other] = entry.subject.split(' ');
    const room = this.#rooms.get(id!)!;
    if (event === 'room:join' && !room.members.has(entry.account)) this.#join(id!, entry.account);
    if (event === 'room:leave') this.#leave(room, entry.account);
    if (event === 'room:remove') this.#leave(room, other!);
    if (event === 'room:topic') room.topicAtOp = op;
    if (event === 'room:delete') room.isGone = true;
  }

  #join(id: string, account: string): void {
    this.#rooms.get(id)!.members.set(account, this.#position);
    this.#read.set(`${account}/${id}`, this.#position);
  }

  #leave(room: ModelRoom, account: string): void {
    room.members.delete(account);
    if (room.members.size === 0) room.isGone = true;
  }

  #isMember(account: string, id: string): boolean {
    const room = this.#rooms.get(id);
    return room !== undefined && !room.isGone && room.members.has(account);
  }

  #applyToMessage(entry: LogEntry): void {
    const { event, op, account, subject, body } = entry;
    if (event === 'message:send') {
      const [to, replyTo = ''] = subject.split(' ');
      const nothing = { edit: undefined, deletedAtOp: 0, changedAtOp: 0, given: [], rows: [] };
      this.#sent.push({ entry, from: account, to: to!, replyTo, ...nothing });
      return;
    }
    // The last one: an id may have been given again once its first message was forgotten.
    const sent = this.#sent.findLast((one) => one.entry.id === subject);
    if (event === 'message:delete') sent!.deletedAtOp = op;
    if (event === 'message:edit') sent!.edit = entry;
    if (event === 'message:react') sent!.given = withGiver(sent!.given, body, account);
    if (event === 'message:unreact') sent!.given = withoutGiver(sent!.given, account, body);
    if (event === 'message:react' || event === 'message:unreact') sent!.rows.push({ account, op });
    if (event !== 'message:delete' && event !== 'message:received') sent!.changedAtOp = op;
  }

  page({ account, after, before, with: other, limit }: HistoryAsk): HistoryPage {
    const concerned = this.#sent.flatMap((sent) => {
      const above = this.#shownAbove(sent, account, other);
      return above === undefined ? [] : [{ ...sent, above }];
    });
    const present = concerned.filter((sent) => sent.deletedAtOp === 0);
    if (after === undefined) {
      const below = present.filter(({ entry, above }) => entry.op > above && entry.op < (before ?? Number.MAX_VALUE));
      const messages = below.slice(Math.max(0, below.length - limit)).map((sent) => this.#shown(sent));
      const more = messages.length < below.length;
      return { messages, deletions: [], changes: [], position: this.#position, more };
    }
    const from = (above: number) => Math.max(after, above);
    const newer = present.filter(({ entry, above }) => entry.op > from(above));
    const older = present.filter(({ entry, above }) => entry.op <= from(above));
    const changed = older.filter(({ changedAtOp, above }) => changedAtOp > from(above));
    const deleted = concerned.filter(({ deletedAtOp, above }) => deletedAtOp > from(above));
    const items = [
      ...newer.map((sent) => ({ position: sent.entry.op, message: this.#shown(sent) })),
      ...changed.map((sent) => ({ position: sent.changedAtOp, change: this.#shown(sent) })),
      ...deleted.map((sent) => ({ position: sent.deletedAtOp, id: sent.entry.id })),
    ].sort((a, b) => a.position - b.position);
    const shown = items.slice(0, limit);
    const more = shown.length < items.length;
    return {
      messages: shown.flatMap((item): Message[] => ('message' in item ? [item.message] : [])),
      deletions: shown.flatMap((item): Deletion[] => ('id' in item ? [item] : [])),
      changes: shown.flatMap((item) => ('change' in item ? [{ position: item.position, message: item.change }] : [])),
      position: more ? shown.at(-1)!.position : this.#position,
      more,
    };
  }

  /** Undefined when it is not for the account to see, or not asked for. */
  #shownAbove(sent: Sent, account: string, other: string | undefined): number | undefined {
    if (this.#accounts.get(account)?.isDeleted !== false) return undefined;
    if (!this.#rooms.has(sent.to)) {
      const isOwn = sent.from === account || sent.to === account;
      return isOwn && (other === undefined || isBetween(sent, account, other)) ? 0 : undefined;
    }
    if (!this.#isMember(account, sent.to)) return undefined;
    if (other === undefined) return this.#rooms.get(sent.to)!.members.get(account)!;
    return other === sent.to ? 0 : undefined;
  }

  /** All conversations of an account, in the order in which they are listed. */
  conversations(account: string): Omit<ConversationView, 'room'>[] {
    if (this.#accounts.get(account)?.isDeleted !== false) return [];
    const begun = this.#sent.filter(({ from, to }) => (from === account || to === account) && !this.#rooms.has(to));
    const others = new Set(begun.map(({ from, to }) => (from === account ? to : from)));
    const shown = [...others].filter((other) => this.#newest(account, other) > 0);
    const named = shown.filter((other, index) => {
      const { name, isDeleted } = this.#accounts.get(other)!;
      const same = shown.filter((one) => this.#accounts.get(one)!.name === name);
      const present = same.find((one) => !this.#accounts.get(one)!.isDeleted);
      return isDeleted ? present === undefined && shown.indexOf(same.at(-1)!) === index : present === other;
    });
    const joined = [...this.#rooms].filter(([id]) => this.#isMember(account, id));
    const rooms = joined.sort(([, a], [, b]) => a.members.get(account)! - b.members.get(account)!).map(([id]) => id);
    return [...named, ...rooms].map((end) => this.#conversation(account, end));
  }

  #conversation(account: string, end: string): Omit<ConversationView, 'room'> {
    const read = this.#read.get(`${account}/${end}`) ?? 0;
    const room = this.#rooms.get(end);
    const { name, isDeleted, displayName } = this.#accounts.get(end) ?? { name: '', isDeleted: false, displayName: '' };
    const unread = this.#sent.filter(
      (sent) =>
        this.#isIn(sent, account, end) && sent.from !== account && sent.deletedAtOp === 0 && sent.entry.op > read,
    ).length;
    return {
      end: end as ConversationView['end'],
      with: room?.name ?? name,
      last: this.#newest(account, end),
      read,
      unread,
      ...(displayName === '' || isDeleted ? {} : { displayName }),
      ...(isDeleted ? { deleted: true as const } : {}),
    };
  }

  #isIn(sent: Sent, account: string, end: string): boolean {
    return this.#rooms.has(end) ? sent.to === end : isBetween(sent, account, end);
  }

  #newest(account: string, end: string): number {
    const there = this.#sent.filter((sent) => sent.deletedAtOp === 0 && this.#isIn(sent, account, end));
    return there.at(-1)?.entry.op ?? 0;
  }

  /** JSON text; undefined when there is no such document. */
  document(key: string): string | undefined {
    return this.#documents.get(key)?.body;
  }

  /** The ops of rows whose bodies say something that somebody can see, or that a log-in is checked against. */
  needed(): Set<number> {
    const needed = new Set(Array.from(this.#documents.values(), ({ op }) => op));
    for (const { isDeleted, passwordAtOp, profileAtOp } of this.#accounts.values()) {
      if (!isDeleted) for (const op of [passwordAtOp, profileAtOp]) needed.add(op);
    }
    for (const { topicAtOp, isGone } of this.#rooms.values()) if (!isGone) needed.add(topicAtOp);
    for (const sent of this.#sent) {
      const room = this.#rooms.get(sent.to);
      const isSeen = room ? !room.isGone : [sent.from, sent.to].some((id) => !this.#accounts.get(id)!.isDeleted);
      if (!isSeen || sent.deletedAtOp > 0) continue;
      needed.add(sent.edit?.op ?? sent.entry.op);
      for (const { op } of sent.rows) needed.add(op);
    }
    return needed;
  }

  #shown({ entry: { id, op, body, time }, from, to, edit, replyTo, given }: Sent): Message {
    const nameOf = (account: string) => this.#accounts.get(account)!.name;
    const reactions: Reaction[] = given.map(({ text, accounts }) => ({ reaction: text, by: accounts.map(nameOf) }));
    return {
      id,
      position: op,
      from: this.#accounts.get(from)!.name,
      to: (this.#rooms.get(to) ?? this.#accounts.get(to))!.name,
      body: edit?.body ?? body,
      at: time,
      ...(this.#accounts.get(from)!.isDeleted ? { fromDeleted: true } : {}),
      ...(edit ? { editedAt: edit.time } : {}),
      ...(replyTo === '' ? {} : { replyTo }),
      ...(reactions.length > 0 ? { reactions } : {}),
    };
  }
}

function isBetween({ from, to }: Sent, one: string, other: string): boolean {
  return (from === one && to === other) || (from === other && to === one);
}

function withGiver(given: Sent['given'], text: string, account: string): Sent['given'] {
  if (!given.some((one) => one.text === text)) return [...given, { text, accounts: [account] }];
  const added = (accounts: string[]) => (accounts.includes(account) ? accounts : [...accounts, account]);
  return given.map((one) => (one.text === text ? { text, accounts: added(one.accounts) } : one));
}

/** @param text only this one; all of that account without it */
function withoutGiver(given: Sent['given'], account: string, text?: string): Sent['given'] {
  const left = given.map((one) =>
    text === undefined || one.text === text ? { ...one, accounts: one.accounts.filter((id) => id !== account) } : one,
  );
  return left.filter(({ accounts }) => accounts.length > 0);
}
