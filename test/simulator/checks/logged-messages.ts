import type { LogEntry } from '../../../shared/operations.ts';
import {
  areBlockedAt,
  goneAtOp,
  isConcerned,
  isPresentAt,
  isRoom,
  type LoggedAccount,
  type LoggedItem,
  type LoggedMessage,
  type LoggedRoom,
  spanAt,
} from './logged.ts';
import { Timeline } from './timeline.ts';

/** What the log means for messages. Each method says whether the operation took effect. */
export class LoggedMessages {
  readonly byId = new Map<string, LoggedMessage>();
  /** In the order of positions. */
  readonly items: LoggedItem[] = [];

  send(from: LoggedAccount, to: LoggedAccount | LoggedRoom | undefined, entry: LogEntry): boolean {
    const { id, op: position, time: at, body, subject } = entry;
    if (!to || this.byId.has(id) || !mayWrite(from, from, to, position)) return false;
    const message: LoggedMessage = {
      id,
      position,
      at,
      from,
      to,
      replyTo: subject.split(' ')[1],
      text: new Timeline<{ body: string; editedAt: number | undefined }>(position, { body, editedAt: undefined }),
      reactions: [],
      changes: [],
      deletedAtOp: Number.POSITIVE_INFINITY,
    };
    this.byId.set(id, message);
    this.items.push({ position, message, kind: 'message' });
    return true;
  }

  edit(by: LoggedAccount, { op, subject, body, time }: LogEntry): boolean {
    const message = this.#thereFor(by, subject, op);
    if (!message || message.from !== by || !mayWrite(by, message.from, message.to, op)) return false;
    message.text.set(op, { body, editedAt: time });
    this.#change({ position: op, message, kind: 'edit' });
    return true;
  }

  react(by: LoggedAccount, { op, subject, body: reaction }: LogEntry, on: boolean): boolean {
    const message = this.#thereFor(by, subject, op);
    // What was given to somebody can always be taken back.
    const mayTakeBack = !on && message !== undefined && !isRoom(message.to);
    if (!message || !(mayTakeBack || mayWrite(by, message.from, message.to, op))) return false;
    const last = message.reactions.findLast((one) => one.by === by && one.reaction === reaction);
    const isSilent = (last?.on ?? false) === on;
    if (!isSilent) message.reactions.push({ op, by, reaction, on });
    this.#change({ position: op, message, kind: 'reaction', ...(isSilent ? { isSilent } : {}) });
    return true;
  }

  delete(by: LoggedAccount, { op, subject }: LogEntry): boolean {
    const message = this.byId.get(subject);
    if (!message || goneAtOp(message) < op || !mayDelete(by, message)) return false;
    message.deletedAtOp = op;
    this.items.push({ position: op, message, kind: 'deletion' });
    return true;
  }

  #thereFor(by: LoggedAccount, id: string, op: number): LoggedMessage | undefined {
    const message = this.byId.get(id);
    return message && goneAtOp(message) > op && isConcerned(by, message, op) ? message : undefined;
  }

  #change(item: LoggedItem): void {
    item.message.changes.push(item.position);
    this.items.push(item);
  }
}

/** Its sender may always take a message back; the owner of a room any that is in it. */
export function mayDelete(by: LoggedAccount, { from, to }: LoggedMessage): boolean {
  return from === by || (isRoom(to) && to.owner.last === by);
}

/** @param by one of the two, or whoever wants to write in the room */
export function mayWrite(
  by: LoggedAccount,
  from: LoggedAccount,
  to: LoggedAccount | LoggedRoom,
  position: number,
): boolean {
  if (isRoom(to)) return spanAt(to.stays, by, position) !== undefined;
  return isPresentAt(from, position) && isPresentAt(to, position) && !areBlockedAt(from, to, position);
}
