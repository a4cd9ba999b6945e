import type { Message } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import { isRoomName } from './conversations.ts';
import { conversationOf } from './messages.ts';
import type { Conversation, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { isInSight, isMentioned, isOwn, mentions } from './unread.ts';

/** Whether the user wants to be called for a message that has just come. */
export function rings(state: ScreenState, message: Message): boolean {
  const conversation = state.conversations.get(nameKey(conversationOf(state, message)));
  if (!conversation || isOwn(state, message) || isInSight(state, conversation)) return false;
  if (state.muted.has(conversation.key) || state.blocked.has(nameKey(message.from))) return false;
  const { notify } = state.settings;
  if (!isRoomName(conversation.name)) return notify.direct;
  return notify.rooms || (notify.mentions && mentions(message.body, state.owner));
}

/** Something new that the user may want to look at. */
export function isNews(state: ScreenState, conversation: Conversation): boolean {
  return conversation.unread > 0 && (!state.muted.has(conversation.key) || isMentioned(conversation));
}

/** What the title of the terminal's window says: how much is unread, `@` when somebody named the user, and who that is. */
export function windowTitle(state: ScreenState): string {
  if (state.username === '') return 'understudy';
  const news = [...state.conversations.values()].filter((one) => isNews(state, one));
  const unread = news.reduce((sum, one) => sum + one.unread, 0);
  const mark = news.some(isMentioned) ? '@' : '';
  return `${unread > 0 ? `(${unread}${mark}) ` : ''}understudy · ${safeLine(state.username)}`;
}
