import type { LogEntry } from '../../../shared/operations.ts';
import { isRoomAt, type LoggedAccount, type LoggedRoom, membersAt, spanAt } from './logged.ts';
import { endSpans } from './logged-accounts.ts';
import { Timeline } from './timeline.ts';

/** What the log means for rooms. Each method says whether the operation took effect. */
export class LoggedRooms {
  readonly byId = new Map<string, LoggedRoom>();

  present(id: string, op: number): LoggedRoom | undefined {
    const room = this.byId.get(id);
    return room !== undefined && isRoomAt(room, op) ? room : undefined;
  }

  with(key: string): LoggedRoom[] {
    return [...this.byId.values()].filter((room) => room.key === key);
  }

  create(by: LoggedAccount, { op, body }: LogEntry): boolean {
    const { name, nameKey: key, topic } = JSON.parse(body) as { name: string; nameKey: string; topic: string };
    if (this.with(key).some((room) => isRoomAt(room, op - 1))) return false;
    this.byId.set(String(op), {
      id: String(op),
      key,
      name,
      createdAtOp: op,
      endedAtOp: Number.POSITIVE_INFINITY,
      topic: new Timeline(op, topic),
      owner: new Timeline(op, by),
      stays: [],
      bans: [],
    });
    enter(this.byId.get(String(op))!, by, op);
    return true;
  }

  join(by: LoggedAccount, { op, subject }: LogEntry): boolean {
    const room = this.present(subject, op);
    if (!room || spanAt(room.bans, by, op)) return false;
    if (!spanAt(room.stays, by, op)) enter(room, by, op);
    return true;
  }

  leave(by: LoggedAccount, { op, subject }: LogEntry): boolean {
    const room = this.present(subject, op);
    if (!room || !spanAt(room.stays, by, op)) return false;
    quit(room, by, op);
    return true;
  }

  /** The account is deleted. */
  leaveAll(account: LoggedAccount, op: number): void {
    for (const room of this.byId.values()) {
      if (!isRoomAt(room, op)) continue;
      if (spanAt(room.stays, account, op)) quit(room, account, op);
      endSpans(room.bans, op, (span) => span.account === account);
    }
  }

  setTopic(by: LoggedAccount, { op, subject, body }: LogEntry): boolean {
    const room = this.#owned(by, subject, op);
    room?.topic.set(op, body);
    return room !== undefined;
  }

  remove(by: LoggedAccount, entry: LogEntry, other: LoggedAccount | undefined): boolean {
    const { op } = entry;
    const room = this.#owned(by, roomIn(entry), op);
    if (!room || !other || other === by || !spanAt(room.stays, other, op)) return false;
    quit(room, other, op);
    room.bans.push({ account: other, fromOp: op, untilOp: Number.POSITIVE_INFINITY });
    return true;
  }

  readmit(by: LoggedAccount, entry: LogEntry, other: LoggedAccount | undefined): boolean {
    const room = this.#owned(by, roomIn(entry), entry.op);
    if (!room || !other) return false;
    endSpans(room.bans, entry.op, (span) => span.account === other);
    return true;
  }

  delete(by: LoggedAccount, { op, subject }: LogEntry): boolean {
    const room = this.#owned(by, subject, op);
    if (room) end(room, op);
    return room !== undefined;
  }

  #owned(by: LoggedAccount, id: string, op: number): LoggedRoom | undefined {
    const room = this.present(id, op);
    return room?.owner.last === by ? room : undefined;
  }
}

/** The two halves of `ROOM ACCOUNT`. */
export function roomIn({ subject }: Pick<LogEntry, 'subject'>): string {
  return subject.split(' ')[0]!;
}

export function accountIn({ subject }: Pick<LogEntry, 'subject'>): string {
  return subject.split(' ')[1] ?? '';
}

function enter(room: LoggedRoom, account: LoggedAccount, op: number): void {
  room.stays.push({ account, fromOp: op, untilOp: Number.POSITIVE_INFINITY });
  const mark = account.marks.get(room.id);
  if (mark) mark.set(op, op);
  else account.marks.set(room.id, new Timeline(op, op));
}

/** Whoever has been there longest owns it then; without anybody it is gone. */
function quit(room: LoggedRoom, account: LoggedAccount, op: number): void {
  endSpans(room.stays, op, (span) => span.account === account);
  const [next] = membersAt(room, op);
  if (!next) end(room, op);
  else if (room.owner.last === account) room.owner.set(op, next);
}

function end(room: LoggedRoom, op: number): void {
  room.endedAtOp = op;
  endSpans(room.stays, op, () => true);
  endSpans(room.bans, op, () => true);
}
