import { nameKey } from '../../../shared/names.ts';
import type { ClientEvent } from '../client-events.ts';
import { type Call, type CheckedEvent, LogIns } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { conversationAt, endsAt, roomAt } from './committed-pages.ts';
import { type LoggedAccount, type LoggedRoom, spanAt } from './logged.ts';

type Heard = ClientEvent & { type: 'heard' };
type Fields = Record<string, unknown>;

/**
 * What a client is told of rooms, read marks and accounts has happened, and concerns it: of a room only its members are told, and whoever is no member
 * any more only that. And a read mark never falls.
 */
export function checkNews(
  events: readonly CheckedEvent[],
  calls: readonly Call[],
  history: CommittedHistory,
): string | null {
  const callOf = new Map(calls.map((call) => [call.call, call]));
  const logIns = new LogIns();
  const marks = new Map<string, Map<string, number>>();
  for (const [index, event] of events.entries()) {
    if (event.type === 'crashed') {
      const underWay = calls.filter(
        (call) => call.client === event.client && call.askedIndex < index && call.answeredIndex > index,
      );
      logIns.onCrash(event.client, underWay);
      marks.delete(event.client);
    } else if (event.type === 'answered' && logIns.onAnswered(callOf.get(event.call)!)) {
      marks.delete(event.client);
    } else if (event.type === 'heard') {
      const names = logIns.of(event.client);
      const accounts = [...names].flatMap((key) => history.accountsWith(key));
      const known = marks.get(event.client) ?? new Map<string, number>();
      marks.set(event.client, known);
      const violation =
        whyUntrue(event, accounts, history) ?? (names.size > 1 ? null : fallenMark(event, known, accounts, history));
      if (violation) return violation;
    }
  }
  return null;
}

function whyUntrue(
  { client, kind, value }: Heard,
  accounts: readonly LoggedAccount[],
  history: CommittedHistory,
): string | null {
  const positions = HAPPENED[kind]?.(value, accounts, history);
  if (positions === undefined || positions.some(Boolean)) return null;
  const as = accounts.map(({ username }) => username).join(' or ') || 'nobody';
  return `phantom: ${client}, logged in as ${as}, hears ${kind} ${JSON.stringify(value)}, which never was so for it`;
}

type Happened = (value: Fields, accounts: readonly LoggedAccount[], history: CommittedHistory) => boolean[];

/** Whether there was a moment at which that was to be told to the account. */
const HAPPENED: Partial<Record<Heard['kind'], Happened>> = {
  conversations: ({ conversations }, accounts, history) =>
    accounts.flatMap((account) => {
      const listed = (conversations as Fields[]).map((one) => [nameKey(String(one.with)), one.last]);
      const shape = JSON.stringify(listed);
      return history.changesBetween(0, history.end).map((position) => {
        const ends = endsAt(history, account, position);
        return (
          JSON.stringify(ends.map((end) => [end.key, conversationAt(history, account, end, position).last])) === shape
        );
      });
    }),
  'conversation-read': ({ with: name, read }, accounts, history) =>
    accounts.flatMap((account) =>
      [...account.marks].map(([id, mark]) => {
        const end = history.accounts.get(id) ?? history.rooms.get(id);
        return end?.key === nameKey(String(name)) && mark.ops.some((op) => mark.at(op) === read);
      }),
    ),
  'room-changed': ({ room }, accounts, history) => {
    const { name, topic, owner, members } = room as Fields;
    const shape = JSON.stringify([name, topic, owner, members]);
    return roomsOf(name, history).flatMap((one) =>
      rangeOf(one, history).map((position) => {
        const shown = roomAt(one, position);
        const isSame = JSON.stringify([shown.name, shown.topic, shown.owner, shown.members]) === shape;
        return isSame && accounts.some((account) => spanAt(one.stays, account, position));
      }),
    );
  },
  'room-joined': ({ room, username }, accounts, history) =>
    roomsOf(room, history).flatMap((one) =>
      one.stays
        .filter((stay) => stay.account.username === username)
        .map(({ fromOp }) => accounts.some((account) => spanAt(one.stays, account, fromOp))),
    ),
  'room-left': ({ room, username, removed }, accounts, history) =>
    roomsOf(room, history).flatMap((one) =>
      one.stays
        .filter((stay) => stay.account.username === username)
        .map(({ account: who, untilOp }) => {
          const wasRemoved = one.bans.some((ban) => ban.account === who && ban.fromOp === untilOp);
          return wasRemoved === removed && accounts.some((account) => spanAt(one.stays, account, untilOp - 1));
        }),
    ),
  'room-deleted': ({ room }, accounts, history) =>
    roomsOf(room, history).map((one) => accounts.some((account) => spanAt(one.stays, account, one.endedAtOp - 1))),
  'account-changed': ({ username, displayName }, _accounts, history) =>
    history
      .accountsWith(nameKey(String(username)))
      .map((account) => account.displayName.ops.some((op) => account.displayName.at(op) === displayName)),
  'account-blocked': ({ username, blocked }, accounts) =>
    accounts.flatMap((account) =>
      account.blocks.map(
        (span) => span.account.username === username && (blocked === true || span.untilOp !== Number.POSITIVE_INFINITY),
      ),
    ),
};

function roomsOf(name: unknown, history: CommittedHistory): LoggedRoom[] {
  return [...history.rooms.values()].filter((room) => room.name === name);
}

function rangeOf({ createdAtOp, endedAtOp }: LoggedRoom, { end }: CommittedHistory): number[] {
  const last = Math.min(endedAtOp - 1, end);
  return Array.from({ length: last - createdAtOp + 1 }, (_, index) => createdAtOp + index);
}

/** @param known the marks that the client was told so far; changed by this */
function fallenMark(
  { client, kind, value }: Heard,
  known: Map<string, number>,
  accounts: readonly LoggedAccount[],
  history: CommittedHistory,
): string | null {
  const marks =
    kind === 'conversation-read' ? [value] : kind === 'conversations' ? (value.conversations as Fields[]) : [];
  for (const { with: name, read } of marks) {
    const key = nameKey(String(name));
    const before = known.get(key) ?? 0;
    if (Number(read) < before && !isAnotherOne(key, accounts, history))
      return `mark falls: ${client} hears that ${name} is read up to ${read}, after ${before}`;
    known.set(key, Number(read));
  }
  return null;
}

/** Whoever comes to a room again, or to a name that was taken anew, begins anew. */
function isAnotherOne(key: string, accounts: readonly LoggedAccount[], history: CommittedHistory): boolean {
  if (!key.startsWith('#')) return history.accountsWith(key).length > 1 || accounts.length > 1;
  const rooms = [...history.rooms.values()].filter((room) => room.key === key);
  return rooms.flatMap(({ stays }) => stays).filter(({ account }) => accounts.includes(account)).length > 1;
}
