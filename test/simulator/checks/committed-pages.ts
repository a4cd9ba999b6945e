import type { CommittedHistory } from './committed-history.ts';
import {
  goneAtOp,
  isConcerned,
  isPresentAt,
  isRoom,
  isRoomAt,
  type LoggedAccount,
  type LoggedItem,
  type LoggedMessage,
  type LoggedRoom,
  membersAt,
  shownAt,
  spanAt,
} from './logged.ts';

type Fields = Record<string, unknown>;
type End = LoggedAccount | LoggedRoom;

export interface ExpectedPage {
  messages: Fields[];
  deletions: { id: string; position: number }[];
  changes: { position: number; message: Fields }[];
  position: number;
  more: boolean;
}

export interface PageAsk {
  after?: number;
  before?: number;
  other?: End;
  limit: number;
}

/** The page of history that a server which has applied everything up to `position` has to answer with. */
export function pageAt(
  history: CommittedHistory,
  account: LoggedAccount,
  ask: PageAsk,
  position: number,
): ExpectedPage {
  return ask.after === undefined
    ? pageBack(history, account, ask, position)
    : pageOn(history, account, { ...ask, after: ask.after }, position);
}

function pageBack(
  history: CommittedHistory,
  account: LoggedAccount,
  { before = Number.POSITIVE_INFINITY, other, limit }: PageAsk,
  position: number,
): ExpectedPage {
  const messages = readAt(history, account, other, position).filter((message) => message.position < before);
  return {
    messages: messages.slice(-limit).map((message) => shownAt(message, position)),
    deletions: [],
    changes: [],
    position,
    more: messages.length > limit,
  };
}

function pageOn(
  history: CommittedHistory,
  account: LoggedAccount,
  { after, other, limit }: PageAsk & { after: number },
  position: number,
): ExpectedPage {
  const wanted = history.items.filter((item) => {
    const { message, position: at } = item;
    if (at <= after || at > position || !isOf(message, account, other)) return false;
    if (!isConcerned(account, message, position)) return false;
    const above = Math.max(after, beginsAfter(message, account, other, position));
    return at > above && isShown(item, above, position);
  });
  const page = wanted.slice(0, limit);
  const more = wanted.length > limit;
  const of = (...kinds: LoggedItem['kind'][]) => page.filter(({ kind }) => kinds.includes(kind));
  return {
    messages: of('message').map(({ message }) => shownAt(message, position)),
    deletions: of('deletion').map((item) => ({ id: item.message.id, position: item.position })),
    changes: of('edit', 'reaction').map((item) => ({
      position: item.position,
      message: shownAt(item.message, position),
    })),
    position: more ? page[page.length - 1]!.position : position,
    more,
  };
}

/** What is read backwards, in one conversation or in all. */
export function readAt(
  history: CommittedHistory,
  account: LoggedAccount,
  other: End | undefined,
  position: number,
): LoggedMessage[] {
  return messagesAt(history, account, position).filter(
    (message) => isOf(message, account, other) && message.position > beginsAfter(message, account, other, position),
  );
}

/** Of a room all can be read when it is asked for, otherwise what came since it was joined. */
function beginsAfter({ to }: LoggedMessage, account: LoggedAccount, other: End | undefined, position: number): number {
  return isRoom(to) && other === undefined ? spanAt(to.stays, account, position)!.fromOp : 0;
}

/**
 * What was deleted shows as its deletion only. Of the changes of a message only the latest does, and only if the page has not the message itself, which
 * is shown as it is by then.
 */
function isShown({ position: at, message, kind }: LoggedItem, above: number, position: number): boolean {
  if (kind === 'deletion') return !isRoom(message.to) || isRoomAt(message.to, position);
  if (goneAtOp(message) <= position) return false;
  if (kind === 'message') return true;
  return message.position <= above && message.changes.findLast((change) => change <= position) === at;
}

/** All messages that the account may read at a position, with those of its rooms from before it came. */
export function messagesAt(history: CommittedHistory, account: LoggedAccount, position: number): LoggedMessage[] {
  return [...history.messages.values()].filter(
    (message) =>
      message.position <= position && goneAtOp(message) > position && isConcerned(account, message, position),
  );
}

function isOf({ from, to }: LoggedMessage, account: LoggedAccount, other: End | undefined): boolean {
  if (other === undefined) return true;
  if (isRoom(other)) return to === other;
  return (from === account && to === other) || (from === other && to === account);
}

/** Whom a name stands for, to that account: a room of which it is a member, or else an account, present ones first. */
export function endNamed(
  history: CommittedHistory,
  account: LoggedAccount,
  key: string,
  position: number,
): End | undefined {
  if (key.startsWith('#')) {
    const room = history.roomAt(key, position);
    return room && spanAt(room.stays, account, position) ? room : undefined;
  }
  const present = history.accountAt(key, position);
  return present ?? endsAt(history, account, position).find((end) => !isRoom(end) && end.key === key);
}

/**
 * What the account is in conversation with at a position: accounts with whom a message is left, in the order in which that began, then rooms in the
 * order of joining. Of accounts of one name only one is there, the present one or else the last.
 */
export function endsAt(history: CommittedHistory, account: LoggedAccount, position: number): End[] {
  const byName = new Map<string, LoggedAccount>();
  for (const other of othersOf(history, account, position)) {
    const known = byName.get(other.username);
    const isGone = !isPresentAt(other, position);
    if (known && isGone && isPresentAt(known, position)) continue;
    byName.delete(other.username);
    byName.set(other.username, other);
  }
  const stays = history.roomsAt(position).flatMap((room) => {
    const stay = spanAt(room.stays, account, position);
    return stay ? [{ room, joinedAtOp: stay.fromOp }] : [];
  });
  const rooms = stays.sort((a, b) => a.joinedAtOp - b.joinedAtOp).map(({ room }) => room);
  return [...byName.values(), ...rooms];
}

/** With whom a message is left, in the order of the first ones that ever were. */
function othersOf(history: CommittedHistory, account: LoggedAccount, position: number): LoggedAccount[] {
  const left = new Map<LoggedAccount, boolean>();
  for (const message of history.messages.values()) {
    const { from, to } = message;
    if (message.position > position || isRoom(to) || (from !== account && to !== account)) continue;
    const other = from === account ? to : from;
    left.set(other, (left.get(other) ?? false) || goneAtOp(message) > position);
  }
  return [...left].filter(([, isLeft]) => isLeft).map(([other]) => other);
}

/** The conversation as it is listed at a position, without who is online. */
export function conversationAt(history: CommittedHistory, account: LoggedAccount, end: End, position: number): Fields {
  const messages = messagesAt(history, account, position).filter((message) => isOf(message, account, end));
  const read = account.marks.get(end.id)?.at(position) ?? 0;
  const common = {
    with: isRoom(end) ? end.name : end.username,
    last: messages[messages.length - 1]?.position ?? 0,
    read,
    unread: messages.filter((message) => message.from !== account && message.position > read).length,
  };
  if (isRoom(end)) return { ...common, room: roomAt(end, position) };
  if (!isPresentAt(end, position)) return { ...common, deleted: true };
  const displayName = end.displayName.at(position);
  return displayName === '' ? common : { ...common, displayName };
}

/** The room as clients see it at a position. */
export function roomAt(room: LoggedRoom, position: number): Fields {
  const { name } = room;
  return {
    name,
    topic: room.topic.at(position),
    owner: room.owner.at(position).username,
    members: membersAt(room, position).length,
  };
}

/** The settings of an account at a position. */
export function settingsAt(history: CommittedHistory, account: LoggedAccount, position: number): Fields {
  const { username } = account;
  const isIn = (span: { fromOp: number; untilOp: number }) => span.fromOp <= position && position < span.untilOp;
  return {
    username,
    displayName: account.displayName.at(position),
    blocked: history
      .presentAt(position)
      .filter((other) => account.blocks.some((span) => span.account === other && isIn(span)))
      .map((other) => other.username),
    sessions: account.logIns.filter(({ openedAtOp, endedAtOp }) => openedAtOp <= position && position < endedAtOp)
      .length,
  };
}
