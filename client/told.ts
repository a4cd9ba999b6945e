import type { Change, Deletion, Message, Reaction, ServerToClientEvents } from '../shared/api.ts';
import type { ChatEvent } from './chat-types.ts';

type Pushed<E extends keyof ServerToClientEvents> = Parameters<ServerToClientEvents[E]>[0];

export type Edit = Pushed<'message:edited'>;
export type Reacted = Pushed<'message:reacted'>;

/** Something with a position that the account is concerned by. */
export type Told =
  | { message: Message }
  | { deleted: Deletion }
  | { edited: Edit }
  | { reacted: Reacted }
  | { changed: Change };

/** The account is no longer a member of a room: what was written there below a position is not its any more. */
export interface Left {
  room: string;
  position: number;
}

export function positionOf(event: Told): number {
  if ('message' in event) return event.message.position;
  if ('deleted' in event) return event.deleted.position;
  if ('edited' in event) return event.edited.position;
  return 'reacted' in event ? event.reacted.position : event.changed.position;
}

/** What the user of the library is told. */
export function eventOf(event: Told, replayed: boolean): ChatEvent {
  if ('message' in event) return { type: 'message', message: event.message, replayed };
  if ('deleted' in event) return { type: 'message-deleted', ...event.deleted };
  if ('edited' in event) return { type: 'message-edited', ...event.edited };
  if ('reacted' in event) return { type: 'message-reacted', ...event.reacted };
  return { type: 'message-changed', ...event.changed };
}

/** Brings a list of messages, oldest first, up to date. Messages themselves are never changed, only replaced; a change of one that is not there is left out. */
export function applyTold(messages: Message[], event: Told | { left: Left }): void {
  if ('message' in event) messages.push(event.message);
  else if ('left' in event) leave(messages, event.left);
  else if ('deleted' in event) replace(messages, event.deleted.id, () => undefined);
  else if ('edited' in event) {
    const { id, body, at } = event.edited;
    replace(messages, id, (message) => ({ ...message, body, editedAt: at }));
  } else if ('reacted' in event) {
    const { reacted } = event;
    replace(messages, reacted.id, (message) => withReaction(message, reacted));
  } else {
    const { message } = event.changed;
    replace(messages, message.id, () => message);
  }
}

/** A message with a reaction more or less; the same again changes nothing. */
export function withReaction(
  message: Message,
  { from, reaction, on }: Pick<Reacted, 'from' | 'reaction' | 'on'>,
): Message {
  const { reactions: before = [], ...rest } = message;
  const present = before.find((one) => one.reaction === reaction);
  const others = (present?.by ?? []).filter((username) => username !== from);
  const by = !on ? others : present?.by.includes(from) ? present.by : [...others, from];
  const changed: Reaction[] = present
    ? before.map((one) => (one === present ? { reaction, by } : one))
    : [...before, { reaction, by }];
  const reactions = changed.filter((one) => one.by.length > 0);
  return reactions.length > 0 ? { ...rest, reactions } : rest;
}

function replace(messages: Message[], id: string, change: (message: Message) => Message | undefined): void {
  const index = messages.findLastIndex((message) => message.id === id);
  if (index < 0) return;
  const changed = change(messages[index]!);
  messages.splice(index, 1, ...(changed ? [changed] : []));
}

function leave(messages: Message[], { room, position }: Left): void {
  const kept = messages.filter((message) => message.to !== room || message.position > position);
  messages.splice(0, messages.length, ...kept);
}
