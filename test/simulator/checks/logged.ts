import type { Timeline } from './timeline.ts';

/** An account as the log tells of it; a name taken anew is another account. */
export interface LoggedAccount {
  /** Op number of its creation, as text. */
  readonly id: string;
  readonly key: string;
  readonly username: string;
  readonly createdAtOp: number;
  /** Infinity while it is present. */
  deletedAtOp: number;
  /** The highest position that some `message:received` of the log names for it. */
  received: number;
  readonly displayName: Timeline<string>;
  /** As the log holds it; empty where that was removed. */
  readonly passwordHash: Timeline<string>;
  /** The account whose id it is, and from when until when it is blocked. */
  readonly blocks: LoggedSpan[];
  readonly logIns: { readonly session: string; readonly openedAtOp: number; endedAtOp: number }[];
  /** Up to where a conversation was read, by the id of its other end. */
  readonly marks: Map<string, Timeline<number>>;
}

/** From an operation until another one; until Infinity while it lasts. */
export interface LoggedSpan {
  readonly account: LoggedAccount;
  readonly fromOp: number;
  untilOp: number;
}

/** A room as the log tells of it. */
export interface LoggedRoom {
  /** Op number of its creation, as text. */
  readonly id: string;
  /** With `#`. */
  readonly key: string;
  readonly name: string;
  readonly createdAtOp: number;
  /** Infinity while it is there. */
  endedAtOp: number;
  readonly topic: Timeline<string>;
  readonly owner: Timeline<LoggedAccount>;
  /** Memberships; somebody may come again. */
  readonly stays: LoggedSpan[];
  /** Who was removed, until readmitted. */
  readonly bans: LoggedSpan[];
}

/** A message as the log tells of it. */
export interface LoggedMessage {
  readonly id: string;
  readonly position: number;
  readonly at: number;
  readonly from: LoggedAccount;
  readonly to: LoggedAccount | LoggedRoom;
  readonly replyTo: string | undefined;
  readonly text: Timeline<{ body: string; editedAt: number | undefined }>;
  /** Those that changed something. */
  readonly reactions: LoggedReaction[];
  /** Operations that edited it, or gave or took a reaction. */
  readonly changes: number[];
  /** Infinity while it is there; the end of its room is none of its own. */
  deletedAtOp: number;
}

export interface LoggedReaction {
  readonly op: number;
  readonly by: LoggedAccount;
  readonly reaction: string;
  readonly on: boolean;
}

/** What has a position and concerns whoever is in that conversation then. */
export interface LoggedItem {
  readonly position: number;
  readonly message: LoggedMessage;
  readonly kind: 'message' | 'deletion' | 'edit' | 'reaction';
  /** A reaction that was there already, or was not: it counts as a change for whoever reads later, and nobody is told. */
  readonly isSilent?: true;
}

export function isRoom(end: LoggedAccount | LoggedRoom): end is LoggedRoom {
  return 'stays' in end;
}

/** Whether the account is present once the operation at `position` is applied. */
export function isPresentAt(account: LoggedAccount, position: number): boolean {
  return account.createdAtOp <= position && position < account.deletedAtOp;
}

export function isRoomAt(room: LoggedRoom, position: number): boolean {
  return room.createdAtOp <= position && position < room.endedAtOp;
}

/** The span that holds for an account at a position. */
export function spanAt(spans: readonly LoggedSpan[], account: LoggedAccount, position: number): LoggedSpan | undefined {
  return spans.find((span) => span.account === account && span.fromOp <= position && position < span.untilOp);
}

export function membersAt(room: LoggedRoom, position: number): LoggedAccount[] {
  return room.stays.filter(({ fromOp, untilOp }) => fromOp <= position && position < untilOp).map((one) => one.account);
}

/** Whether one of them blocks the other. */
export function areBlockedAt(one: LoggedAccount, other: LoggedAccount, position: number): boolean {
  return spanAt(one.blocks, other, position) !== undefined || spanAt(other.blocks, one, position) !== undefined;
}

/** From when on there is nothing of the message: it was deleted, or its room ended, or nobody is left who could see it. */
export function goneAtOp({ deletedAtOp, from, to }: LoggedMessage): number {
  const end = isRoom(to) ? to.endedAtOp : Math.max(from.deletedAtOp, to.deletedAtOp);
  return Math.min(deletedAtOp, end);
}

/** Whether the account is in the conversation of the message at that position, as the operation there is told to it. */
export function isConcerned(account: LoggedAccount, { from, to }: LoggedMessage, position: number): boolean {
  return isRoom(to) ? spanAt(to.stays, account, position) !== undefined : from === account || to === account;
}

/** The message as clients see it at a position at which it is there; fields that are absent are undefined. */
export function shownAt(message: LoggedMessage, position: number) {
  const { id, at, from, to, replyTo, text } = message;
  const reactions = reactionsAt(message, position);
  return {
    id,
    position: message.position,
    from: from.username,
    fromDeleted: from.deletedAtOp <= position ? true : undefined,
    to: isRoom(to) ? to.name : to.username,
    body: text.at(position).body,
    at,
    replyTo,
    editedAt: text.at(position).editedAt,
    reactions: reactions.length > 0 ? reactions : undefined,
  };
}

/** Equal exactly when nothing differs that clients see of a message. */
export function shapeOfMessage(message: Readonly<Record<string, unknown>>): string {
  const { id, position, from, fromDeleted, to, body, at, replyTo, editedAt, reactions } = message;
  const shown = (reactions as { reaction: string; by: string[] }[] | undefined) ?? [];
  return JSON.stringify([
    ...[id, position, from, fromDeleted === true ? 'deleted' : '', to, body, at, replyTo ?? '', editedAt ?? ''],
    shown.map(({ reaction, by }) => [reaction, ...by]),
  ]);
}

/** In the order in which those were given that stand there; whoever is deleted takes theirs along. */
function reactionsAt({ reactions }: LoggedMessage, position: number): { reaction: string; by: string[] }[] {
  let given: LoggedReaction[] = [];
  for (const one of reactions) {
    if (one.op > position || one.by.deletedAtOp <= position) continue;
    if (one.on) given.push(one);
    else given = given.filter(({ by, reaction }) => by !== one.by || reaction !== one.reaction);
  }
  const shown = new Map<string, string[]>();
  for (const { reaction, by } of given) shown.set(reaction, [...(shown.get(reaction) ?? []), by.username]);
  return [...shown].map(([reaction, by]) => ({ reaction, by }));
}
