import type { Message, Reaction } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import type { OutboxMessage } from '../chat-types.ts';
import { ensureConversation, isRoomName, withConversation } from './conversations.ts';
import {
  findById,
  type KeptMessage,
  messageAtPosition,
  newestPosition,
  withMessage,
  withReplaced,
} from './message-log.ts';
import type { Conversation, LateChange, ScreenState } from './model.ts';
import { isOwn, mentionedAt, mentionsUser } from './unread.ts';

/** A message that came back is taken for one of the outbox when it is at most so much older: clocks differ. */
const CLOCK_DIFFERENCE_MS = 600_000;
const REMEMBERED_DELETIONS = 1000;
const REMEMBERED_CHANGES = 200;

/** The name of the conversation that a message stands in. */
export function conversationOf(state: ScreenState, message: Message): string {
  return isRoomName(message.to) || isOwn(state, message) ? message.to : message.from;
}

/**
 * Puts messages into their conversations. Those that were `told` (as an event or as the answer to a send) are new:
 * from others they count as unread, and own ones end the waiting of their row. Those read from history, or shown to
 * their reader in an earlier session, do neither.
 */
export function addMessages(state: ScreenState, messages: readonly Message[], told: boolean): ScreenState {
  return messages.reduce((now, message) => addMessage(now, message, told), state);
}

/** {@link addMessages} for what was read as of a position: what was changed later and told already is put in. */
export function addHistory(state: ScreenState, messages: readonly Message[], readAt: number): ScreenState {
  const { lateChanges } = state;
  const asNow = messages.map((message) =>
    lateChanges.reduce(
      (now, late) => (late.id === now.id && late.position > readAt ? afterChange(now, late) : now),
      message,
    ),
  );
  return addMessages(state, asNow, false);
}

function addMessage(before: ScreenState, message: Message, told: boolean): ScreenState {
  if (before.deletedIds.includes(message.id)) return before;
  const own = isOwn(before, message);
  const name = conversationOf(before, message);
  const state = ensureConversation(before, name, message.at);
  const conversation = state.conversations.get(nameKey(name))!;
  const kept: KeptMessage = { ...message, fresh: told && !own };
  const present = messageAtPosition(conversation.log, message.position);
  if (present && (present.deleted || present.fresh || !kept.fresh))
    return own && told ? settleOwn(state, message) : state;
  const isNew = kept.fresh && message.position > Math.max(conversation.readPosition, conversation.countedUpTo);
  const grown: Conversation = {
    ...conversation,
    ...(own || message.position < newestPosition(conversation.log) ? {} : aboutSender(conversation, message)),
    log: present ? withReplaced(conversation.log, kept) : withMessage(conversation.log, kept),
    unread: conversation.unread + (isNew ? 1 : 0),
    mentionedAt: mentionsUser(state, kept)
      ? Math.max(conversation.mentionedAt, message.position)
      : conversation.mentionedAt,
    newSince: own && told ? null : conversation.newSince,
    activeAtMs: Math.max(conversation.activeAtMs, message.at),
  };
  const now = withConversation({ ...state, highest: Math.max(state.highest, message.position) }, grown);
  return own && told ? settleOwn(now, message) : now;
}

/** What the newest message of somebody says about them: how the name is written, and whether the account is there. */
function aboutSender(conversation: Conversation, message: Message): Partial<Conversation> {
  if (isRoomName(conversation.name)) return {};
  return { name: message.from, ended: message.fromDeleted === true ? 'account-deleted' : null };
}

function sameText(waiting: OutboxMessage, message: Message): boolean {
  return waiting.body === message.body && nameKey(waiting.to) === nameKey(message.to);
}

/** An own message came back: the row that stood for it while it was on its way goes. */
function settleOwn(state: ScreenState, message: Message): ScreenState {
  const settledIndex = state.settled.findIndex((one) => sameText(one, message));
  if (settledIndex !== -1) return { ...state, settled: state.settled.toSpliced(settledIndex, 1) };
  const waiting = state.outbox.find(
    (one) =>
      sameText(one, message) &&
      !state.arrived.includes(one.request) &&
      message.position > one.above &&
      message.at >= one.typedAt - CLOCK_DIFFERENCE_MS,
  );
  return waiting ? { ...state, arrived: [...state.arrived, waiting.request] } : state;
}

/** The message with this id and its conversation; undefined when it is not here. */
export function located(
  state: ScreenState,
  id: string,
): { conversation: Conversation; message: KeptMessage } | undefined {
  for (const conversation of state.conversations.values()) {
    const message = findById(conversation.log, id);
    if (message) return { conversation, message };
  }
  return undefined;
}

/** Leaves of a deleted message where it stood, and remembers it against history that was read earlier. */
export function removeMessage(before: ScreenState, id: string): ScreenState {
  const quoted = new Map(before.quoted);
  quoted.delete(id);
  const deletedIds = [...before.deletedIds.filter((one) => one !== id), id].slice(-REMEMBERED_DELETIONS);
  const state = { ...before, quoted, deletedIds };
  const found = located(state, id);
  if (!found || found.message.deleted) return state;
  const { conversation, message } = found;
  const { reactions: _, ...rest } = message;
  const left: KeptMessage = { ...rest, body: '', deleted: true };
  const wasUnread = !isOwn(state, message) && message.position > conversation.readPosition;
  const emptied: Conversation = {
    ...conversation,
    log: withReplaced(conversation.log, left),
    unread: Math.max(0, conversation.unread - (wasUnread ? 1 : 0)),
  };
  const mentioned = conversation.mentionedAt === message.position ? mentionedAt(state, emptied) : emptied.mentionedAt;
  const selection =
    state.open === conversation.key && state.selection?.position === message.position ? null : state.selection;
  return withConversation({ ...state, selection }, { ...emptied, mentionedAt: mentioned });
}

/** A message was edited or reacted to. */
export function changeMessage(state: ScreenState, change: LateChange): ScreenState {
  const found = located(state, change.id);
  const quote = state.quoted.get(change.id);
  const quoted = quote ? new Map(state.quoted).set(change.id, afterChange(quote, change)) : state.quoted;
  const now = { ...state, quoted };
  if (!found) return { ...now, lateChanges: [...state.lateChanges, change].slice(-REMEMBERED_CHANGES) };
  return replaceMessage(now, found.conversation, { ...found.message, ...afterChange(found.message, change) });
}

/** A message is as it was told now; one that is not here stays away. */
export function putMessage(state: ScreenState, message: Message): ScreenState {
  const found = located(state, message.id);
  if (!found) return state;
  return replaceMessage(state, found.conversation, { ...message, fresh: found.message.fresh });
}

function replaceMessage(state: ScreenState, conversation: Conversation, message: KeptMessage): ScreenState {
  const present = messageAtPosition(conversation.log, message.position);
  if (!present || present.deleted) return state;
  const changed = { ...conversation, log: withReplaced(conversation.log, message) };
  const isConcerned = conversation.mentionedAt === message.position || mentionsUser(state, message);
  return withConversation(state, isConcerned ? { ...changed, mentionedAt: mentionedAt(state, changed) } : changed);
}

function afterChange<M extends Message>(message: M, change: LateChange): M {
  if (change.type === 'message-edited') return { ...message, body: change.body, editedAt: change.at };
  const { reactions: former = [], ...rest } = message;
  const reactions = afterReaction(former, change);
  // The absent property is how messages without reactions are told.
  return (reactions.length > 0 ? { ...rest, reactions } : rest) as M;
}

type Reacted = Extract<LateChange, { type: 'message-reacted' }>;

function afterReaction(reactions: readonly Reaction[], { from, reaction, on }: Reacted): Reaction[] {
  const who = nameKey(from);
  const others = (by: readonly string[]): string[] => by.filter((one) => nameKey(one) !== who);
  const isKnown = reactions.some((one) => one.reaction === reaction);
  const all = isKnown || !on ? reactions : [...reactions, { reaction, by: [] }];
  return all
    .map((one) => {
      if (one.reaction !== reaction) return { ...one };
      if (!on) return { reaction, by: others(one.by) };
      return one.by.some((name) => nameKey(name) === who) ? { ...one } : { reaction, by: [...one.by, from] };
    })
    .filter((one) => one.by.length > 0);
}
