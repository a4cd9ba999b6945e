import type { ClientEvent } from '../client-events.ts';
import type { CommittedHistory } from './committed-history.ts';
import { isRoom, type LoggedItem, type LoggedMessage, shapeOfMessage, shownAt } from './logged.ts';

export type ToldEvent = ClientEvent & { type: 'told' };

/** What the log says of something that was told. */
export interface ToldItem extends LoggedItem {
  /** What was told shows all that had happened to the message up to there. */
  readonly asOf: number;
}

/** @returns what the log says about what was told, or a sentence when it says something else */
export function itemOf(event: ToldEvent, history: CommittedHistory): ToldItem | string {
  const { client, kind, value } = event;
  const told = kind === 'message-changed' ? (value.message as Record<string, unknown>) : value;
  const message = history.messages.get(String(told.id));
  const what = `${client} is told ${kind} ${told.id} at ${value.position}`;
  if (!message) return `phantom: ${what}, which is not in the log`;
  switch (kind) {
    case 'message':
      return messageItem(what, told, message, history);
    case 'message-changed':
      return changeItem(what, Number(value.position), told, message, history);
    default:
      return operationItem(what, event, message, history);
  }
}

/** A deletion, an edit or a reaction as it happened. */
function operationItem(
  what: string,
  { kind, value }: ToldEvent,
  message: LoggedMessage,
  history: CommittedHistory,
): ToldItem | string {
  const position = Number(value.position);
  const item = history.itemAt(position);
  const wanted = KINDS[kind];
  if (!item || item.message !== message || item.kind !== wanted || item.isSilent) {
    const instead = item ? `${item.kind} of ${item.message.id}` : `${history.entry(position)?.event ?? 'nothing'}`;
    return `phantom: ${what}, but the log has ${instead} there`;
  }
  const entry = history.entry(position)!;
  const expected: Record<string, unknown> =
    kind === 'message-edited'
      ? { body: entry.body, at: entry.time }
      : kind === 'message-reacted'
        ? {
            reaction: entry.body,
            on: entry.event === 'message:react',
            from: history.accounts.get(entry.account)?.username,
          }
        : {};
  const different = Object.keys(expected).find((field) => value[field] !== expected[field]);
  if (different === undefined) return { ...item, asOf: position };
  return `told wrong: ${what} with ${different} ${JSON.stringify(value[different])}, the log has ${JSON.stringify(expected[different])}`;
}

const KINDS: Partial<Record<ToldEvent['kind'], LoggedItem['kind']>> = {
  'message-deleted': 'deletion',
  'message-edited': 'edit',
  'message-reacted': 'reaction',
};

/** New ones are as they were sent, those that were missed as they were at some later moment. */
function messageItem(
  what: string,
  told: Record<string, unknown>,
  message: LoggedMessage,
  history: CommittedHistory,
): ToldItem | string {
  const until = told.replayed === false ? message.position : history.end;
  const asOf = whenShown(told, message, message.position, until, history);
  if (asOf !== undefined) return { position: message.position, message, kind: 'message', asOf };
  return `told wrong: ${what} as ${shapeOfMessage(told)}, the log has ${shapeOfMessage(shownAt(message, message.position))}`;
}

function changeItem(
  what: string,
  position: number,
  told: Record<string, unknown>,
  message: LoggedMessage,
  history: CommittedHistory,
): ToldItem | string {
  const item = history.itemAt(position);
  if (!item || item.message !== message || !message.changes.includes(position))
    return `phantom: ${what}, where the log has no change of it`;
  const until = (message.changes.find((change) => change > position) ?? history.end + 1) - 1;
  const asOf = whenShown(told, message, position, until, history);
  if (asOf !== undefined) return { ...item, asOf };
  return `told wrong: ${what} as ${shapeOfMessage(told)}, the log has ${shapeOfMessage(shownAt(message, position))}`;
}

/** The last position at which the message looked so, among those where it may have been read. */
function whenShown(
  told: Record<string, unknown>,
  message: LoggedMessage,
  from: number,
  until: number,
  history: CommittedHistory,
): number | undefined {
  const people = [message.from, ...message.reactions.map(({ by }) => by)];
  const ends = people.map(({ deletedAtOp }) => deletedAtOp).filter((op) => op !== Number.POSITIVE_INFINITY);
  const steps = [...message.changes, ...ends].filter((op) => op > from && op <= until);
  const shape = shapeOfTold(told, message);
  const lasts = [...steps.map((op) => op - 1), Math.min(until, history.end)].sort((a, b) => b - a);
  return lasts.find((position) => shapeOfTold(shownAt(message, position), message) === shape);
}

/**
 * What a client keeps of a message it brings up to date by itself: it does not hear that somebody's reactions went with the account, nor in which order
 * those stand that were given before others were taken back.
 */
function shapeOfTold(shown: Record<string, unknown>, { from, reactions }: LoggedMessage): string {
  const isGone = ({ deletedAtOp }: { deletedAtOp: number }) => deletedAtOp !== Number.POSITIVE_INFINITY;
  const gone = new Set(reactions.flatMap(({ by }) => (isGone(by) ? [by.username] : [])));
  const given = (shown.reactions as { reaction: string; by: string[] }[] | undefined) ?? [];
  const left = given
    .map(({ reaction, by }) => ({ reaction, by: by.filter((name) => !gone.has(name)) }))
    .filter(({ by }) => by.length > 0)
    .sort((a, b) => (a.reaction < b.reaction ? -1 : 1));
  const { fromDeleted, ...rest } = shown;
  return shapeOfMessage({ ...rest, ...(isGone(from) ? {} : { fromDeleted }), reactions: left });
}

/** For people. */
export function describeConversation({ from, to }: LoggedMessage): string {
  return isRoom(to) ? `in ${to.name}` : `of ${from.username} and ${to.username}`;
}
