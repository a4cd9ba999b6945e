import { LIST_DEFAULT_LIMIT } from '../../../shared/limits.ts';
import { nameKey } from '../../../shared/names.ts';
import type { AskedEvent } from '../client-events.ts';
import { isInRange } from './account-list-checker.ts';
import { askedText, type Call, describeCall, positionOf } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { conversationAt, endsAt, messagesAt, roomAt, settingsAt } from './committed-pages.ts';
import { type LoggedAccount, membersAt, shapeOfMessage, shownAt } from './logged.ts';
import type { Window, Windows } from './window.ts';

type Fields = Record<string, unknown>;
/** What a server at a position answers, in the form of `shapeOf`; undefined when it refuses. */
type Expected = (call: Call, account: LoggedAccount, position: number, history: CommittedHistory) => unknown;

/** How an answer is compared: who is online is kept nowhere. */
const ANSWERS: Partial<Record<AskedEvent, { expected: Expected; shapeOf(value: Fields): unknown }>> = {
  'room:list': {
    expected: roomsAt,
    shapeOf: ({ rooms, more }) => ({ rooms: (rooms as Fields[]).map(fieldsOfRoom), more }),
  },
  'room:members': {
    expected: membersListed,
    shapeOf: ({ members, more }) => ({ members: (members as Fields[]).map(nameOf), more }),
  },
  'conversation:list': {
    expected: conversationsListed,
    shapeOf: ({ conversations, more }) => ({
      conversations: (conversations as Fields[]).map(fieldsOfConversation),
      more,
    }),
  },
  'account:settings': {
    expected: (_call, account, position, history) => settingsAt(history, account, position),
    shapeOf: ({ username, displayName, blocked, sessions }) => ({ username, displayName, blocked, sessions }),
  },
  'message:get': {
    expected: messageGot,
    // The library gives the message itself.
    shapeOf: (value) => shapeOfMessage(value),
  },
};

/**
 * R17: what is answered about rooms, conversations, settings and single messages is what the committed history says at some position that the answer may
 * stand for; at the very one that it names, if it names one.
 */
export function checkAnswers(calls: readonly Call[], windows: Windows, history: CommittedHistory): string | null {
  for (const call of calls) {
    const answer = ANSWERS[call.event];
    if (!answer || !call.result?.ok) continue;
    const { value } = call.result;
    const answered = JSON.stringify(answer.shapeOf(value));
    const at = (position: number) =>
      [...call.speaksFor]
        .flatMap((key) => history.accountAt(key, position) ?? [])
        .map((account) => JSON.stringify(answer.expected(call, account, position, history)));
    const window = windowOf(call, windows);
    const stale = whyOutside(call, window, windows.of(call));
    if (stale) return stale;
    const positions = history.changesBetween(window.lowest, window.highest);
    if (positions.some((position) => at(position).includes(answered))) continue;
    const between =
      window.lowest === window.highest ? `at ${window.lowest}` : `from ${window.lowest} to ${window.highest}`;
    return `wrong answer: ${describeCall(call)} is answered with ${answered}; ${between} it is ${at(window.highest).join(' or ')}`;
  }
  return null;
}

function windowOf(call: Call, windows: Windows): Window {
  const named = call.event === 'conversation:list' ? positionOf(call) : undefined;
  return named === undefined ? windows.of(call) : { lowest: named, highest: named };
}

function whyOutside(call: Call, { lowest }: Window, possible: Window): string | null {
  const standsFor = `${describeCall(call)} is answered for position ${lowest}`;
  if (lowest > possible.highest) return `phantom: ${standsFor}, which did not exist yet`;
  return lowest < possible.lowest ? `stale read: ${standsFor}, but ${possible.lowest} was met before` : null;
}

function limitOf({ ask }: Call): number {
  return typeof ask.limit === 'number' ? ask.limit : LIST_DEFAULT_LIMIT;
}

function roomsAt(call: Call, _account: LoggedAccount, position: number, history: CommittedHistory): unknown {
  const rooms = history.roomsAt(position).filter(({ key }) => isInRange(call, key));
  return {
    rooms: rooms.slice(0, limitOf(call)).map((room) => fieldsOfRoom(roomAt(room, position))),
    more: rooms.length > limitOf(call),
  };
}

function membersListed(call: Call, _account: LoggedAccount, position: number, history: CommittedHistory): unknown {
  const room = history.roomAt(nameKey(askedText(call, 'room') ?? ''), position);
  if (!room) return undefined;
  const members = membersAt(room, position)
    .filter(({ key }) => isInRange(call, key))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    members: members.slice(0, limitOf(call)).map((member) => listed(member, position)),
    more: members.length > limitOf(call),
  };
}

/** An account as it stands in a list, without whether it is online. */
export function listed(account: LoggedAccount, position: number): { username: string; displayName: string } {
  return nameOf({ username: account.username, displayName: account.displayName.at(position) });
}

export function nameOf({ username, displayName = '' }: Fields): { username: string; displayName: string } {
  return { username: String(username), displayName: String(displayName) };
}

function conversationsListed(
  _call: Call,
  account: LoggedAccount,
  position: number,
  history: CommittedHistory,
): unknown {
  const all = endsAt(history, account, position).map((end) => conversationAt(history, account, end, position));
  return { conversations: all.map(fieldsOfConversation), more: false };
}

function fieldsOfConversation(one: Fields): unknown {
  const { with: other, last, read, unread, room, displayName, deleted } = one;
  return [other, last, read, unread, room ? fieldsOfRoom(room as Fields) : null, displayName ?? '', deleted === true];
}

function fieldsOfRoom({ name, topic, owner, members }: Fields): unknown {
  return [name, topic, owner, members];
}

function messageGot(call: Call, account: LoggedAccount, position: number, history: CommittedHistory): unknown {
  const id = askedText(call, 'id');
  const message = messagesAt(history, account, position).find((one) => one.id === id);
  return message && shapeOfMessage(shownAt(message, position));
}
