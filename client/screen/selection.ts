import { nameKey } from '../../shared/names.ts';
import { editMessage, replyTo } from './composing.ts';
import { openOf } from './conversations.ts';
import { EMPTY_EDITOR, editWithKey, insertLine } from './editor.ts';
import { countBelow, findById, type KeptMessage, messageAt, messageAtPosition } from './message-log.ts';
import { type Conversation, type Key, type ScreenState, type Selection, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';
import { fetchOlder, goTo, scrollTo, scrollToBottom } from './scrolling.ts';
import { isOwn } from './unread.ts';

const OLDER_MESSAGES = 100;
/** Chosen by their number. */
export const QUICK_REACTIONS = ['👍', '❤️', '😂', '🎉', '😮', '😢'] as const;

/** The nearest message that keys can be about, upwards (-1) or downwards (1) of `position`. */
function neighbour(
  conversation: Conversation,
  position: number,
  direction: -1 | 1,
  wanted: (message: KeptMessage) => boolean,
): number | undefined {
  const start = countBelow(conversation.log, position) + (direction === 1 ? 0 : -1);
  for (let index = start; index >= 0 && index < conversation.log.size; index += direction) {
    const message = messageAt(conversation.log, index)!;
    if (message.position !== position && !message.deleted && wanted(message)) return message.position;
  }
  return undefined;
}

function select(state: ScreenState, position: number, asking: Selection['asking'] = 'nothing'): ScreenState {
  return scrollTo({ ...state, selection: { position, asking, reaction: EMPTY_EDITOR } }, position);
}

/** Selects the newest message. */
export function selectNewest(state: ScreenState): ScreenState {
  const conversation = openOf(state);
  const newest = conversation && neighbour(conversation, Number.MAX_SAFE_INTEGER, -1, () => true);
  return newest === undefined ? withNotice(state, 'There is no message here.', 'plain') : select(state, newest);
}

/** Selects the user's newest message, about to be deleted. */
export function selectOwnToDelete(state: ScreenState): ScreenState {
  const conversation = openOf(state);
  const own = conversation && neighbour(conversation, Number.MAX_SAFE_INTEGER, -1, (one) => isOwn(state, one));
  if (own === undefined) return withNotice(state, 'There is no message of yours here that could be deleted.', 'bad');
  return select(state, own, 'delete');
}

/** A key while a message is selected; undefined when it means nothing here and ends the selecting. */
export function onSelectionKey(state: ScreenState, selection: Selection, key: Key): Step | undefined {
  const conversation = openOf(state);
  const message = conversation && messageAtPosition(conversation.log, selection.position);
  if (!conversation || !message) return undefined;
  if (selection.asking === 'reaction') return onReactionKey(state, selection, message, key);
  const name = key.type === 'named' ? key.name : key.text;
  if (selection.asking === 'delete' && (name === 'enter' || name === 'd')) {
    const request = { call: 'delete-message', id: message.id } as const;
    return step(scrollToBottom(unselected(state)), { type: 'request', request });
  }
  switch (name) {
    case 'escape':
      return step(
        selection.asking === 'delete' ? select(state, selection.position) : scrollToBottom(unselected(state)),
      );
    case 'up':
    case 'ctrl+up':
    case 'shift+up':
      return moved(state, conversation, selection, -1);
    case 'down':
    case 'ctrl+down':
    case 'shift+down':
      return moved(state, conversation, selection, 1);
    case 'r':
      return step(replyTo(unselected(state), message));
    case 'e':
      return step(isOwn(state, message) ? editMessage(unselected(state), message) : notYours(state, 'change'));
    case 'd':
      return step(
        mayDelete(state, conversation, message)
          ? select(state, selection.position, 'delete')
          : notYours(state, 'delete'),
      );
    case '+':
      return step(select(state, selection.position, 'reaction'));
    case 'enter':
      return toAnswered(state, conversation, message);
    default:
      return undefined;
  }
}

/** No message is selected any more. */
export function unselected(state: ScreenState): ScreenState {
  return state.selection === null ? state : { ...state, selection: null };
}

function notYours(state: ScreenState, what: string): ScreenState {
  return withNotice(state, `You can ${what} your own messages only.`, 'bad');
}

function mayDelete(state: ScreenState, conversation: Conversation, message: KeptMessage): boolean {
  const owner = conversation.room?.owner;
  return isOwn(state, message) || (owner !== undefined && nameKey(owner) === nameKey(state.owner));
}

function moved(state: ScreenState, conversation: Conversation, { position, asking }: Selection, by: -1 | 1): Step {
  // Whoever is choosing what to delete goes from one of their own to the next.
  const wanted = asking === 'delete' ? (one: KeptMessage): boolean => isOwn(state, one) : (): boolean => true;
  const next = neighbour(conversation, position, by, wanted);
  if (next !== undefined) return step(select(state, next, asking));
  return by === -1 ? fetchOlder(state, OLDER_MESSAGES, true) : step(state);
}

function toAnswered(state: ScreenState, conversation: Conversation, message: KeptMessage): Step {
  if (message.replyTo === undefined) return step(replyTo(unselected(state), message));
  const answered = findById(conversation.log, message.replyTo) ?? state.quoted.get(message.replyTo);
  if (!answered) return step(withNotice(state, 'The answered message is not there any more.', 'warning'));
  return goTo(state, conversation.key, answered.position);
}

function onReactionKey(state: ScreenState, selection: Selection, message: KeptMessage, key: Key): Step {
  const put = (reaction: Selection['reaction']): Step => step({ ...state, selection: { ...selection, reaction } });
  if (key.type !== 'named') {
    const quick = selection.reaction.text === '' ? QUICK_REACTIONS[Number(key.text) - 1] : undefined;
    return quick ? react(state, message, quick) : put(insertLine(selection.reaction, key.text));
  }
  if (key.name === 'escape') return step(select(state, selection.position));
  if (key.name === 'enter') {
    const reaction = selection.reaction.text.trim();
    return reaction === '' ? step(select(state, selection.position)) : react(state, message, reaction);
  }
  return put(editWithKey(selection.reaction, key.name) ?? selection.reaction);
}

/** Gives a reaction, or takes the user's own back. */
function react(state: ScreenState, message: KeptMessage, reaction: string): Step {
  const given = message.reactions?.find((one) => one.reaction === reaction)?.by ?? [];
  const on = !given.some((name) => nameKey(name) === nameKey(state.owner));
  const request = { call: 'react', id: message.id, reaction, on } as const;
  return step(select(state, message.position), { type: 'request', request });
}
