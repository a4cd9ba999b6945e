import { nameKey } from '../../shared/names.ts';
import { findById } from './message-log.ts';
import type { Conversation, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';

/** No row is longer. */
const QUOTED_CHARACTERS = 400;

/** The answered message on one line, safe for a terminal. */
export function quoteOf(state: ScreenState, conversation: Conversation, id: string): string {
  if (state.deletedIds.includes(id)) return 'a deleted message';
  const message = findById(conversation.log, id) ?? state.quoted.get(id);
  if (!message) return 'an earlier message';
  if ('deleted' in message && message.deleted) return 'a deleted message';
  const who = nameKey(message.from) === nameKey(state.owner) ? 'you' : safeLine(message.from);
  return `${who}: ${safeLine(message.body.slice(0, QUOTED_CHARACTERS))}`;
}
