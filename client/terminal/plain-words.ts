import type { ChatEvent } from '../chat-types.ts';
import { openOf } from '../screen/conversations.ts';
import { type KeptMessage, messagesAbove } from '../screen/message-log.ts';
import { located } from '../screen/messages.ts';
import type { Conversation, ScreenState } from '../screen/model.ts';
import { quoteOf } from '../screen/quotes.ts';
import { safeLine, safeLines } from '../screen/safe-lines.ts';
import { panelLines } from '../screen/view-panels.ts';
import { connectionTrouble, connectionWords, count } from '../screen/words.ts';

const PANEL_COLUMNS = 78;
const PANEL_ROWS = 10_000;
/** Messages that are read out when a conversation is opened. */
const RECENT = 5;

/** A message as a line, or as many as it has; `where` is named when it is not the open conversation. */
export function messageWords(state: ScreenState, conversation: Conversation, message: KeptMessage): string[] {
  const where = conversation.key === state.open ? '' : `[${safeLine(conversation.name)}] `;
  const who = message.from === state.owner ? 'you' : safeLine(message.from);
  if (message.deleted) return [`${where}${who}: deleted`];
  const answer = message.replyTo === undefined ? '' : ` (answering ${quoteOf(state, conversation, message.replyTo)})`;
  const edited = message.editedAt === undefined ? '' : ' (edited)';
  const [first = '', ...more] = safeLines(message.body);
  return [`${where}${who}${answer}: ${first}${more.length === 0 ? edited : ''}`, ...more.map((line) => `  ${line}`)];
}

/** What opening a conversation says: where one is, and what was said there last. */
export function openedWords(state: ScreenState): string[] {
  const conversation = openOf(state);
  if (!conversation) return [];
  const { room, name, unread, displayName, online } = conversation;
  const parts = [
    safeLine(name),
    ...(displayName === '' ? [] : [safeLine(displayName)]),
    ...(online === null ? [] : [online ? 'online' : 'offline']),
    ...(room ? [count(room.members, 'member'), safeLine(room.topic)] : []),
    ...(unread > 0 ? [`${unread} new`] : []),
  ];
  const recent = messagesAbove(conversation.log, 0).slice(-RECENT);
  return [
    `Now in ${parts.filter((part) => part !== '').join(', ')}.`,
    ...recent.flatMap((one) => messageWords(state, conversation, one)),
  ];
}

/** The panel that is open, as lines. */
export function panelWords(state: ScreenState): string[] {
  const lines = panelLines(state, PANEL_COLUMNS, PANEL_ROWS) ?? [];
  return lines
    .map((line) =>
      line
        .map((span) => span.text)
        .join('')
        .trimEnd(),
    )
    .filter((line) => line !== '');
}

/** The connection in a sentence. */
export function stateWords(state: ScreenState): string {
  const { words } = connectionWords(state.connection, state.nowMs, state.calendar);
  const trouble = connectionTrouble(state.connection);
  return safeLine(trouble ? `Connection: ${words}. ${trouble.words}` : `Connection: ${words}.`);
}

/** What an event about a message that is here says; undefined for all others. */
export function changeWords(state: ScreenState, event: ChatEvent): string | undefined {
  if (event.type !== 'message-edited' && event.type !== 'message-deleted' && event.type !== 'message-reacted')
    return undefined;
  const found = located(state, event.id);
  if (!found) return undefined;
  const { conversation, message } = found;
  const where = conversation.key === state.open ? '' : `[${safeLine(conversation.name)}] `;
  const who = safeLine(message.from);
  switch (event.type) {
    case 'message-edited':
      return `${where}${who} changed a message: ${safeLine(event.body)}`;
    case 'message-deleted':
      return `${where}A message of ${who} was deleted.`;
    case 'message-reacted': {
      const what = `${safeLine(event.reaction)} to ${quoteOf(state, conversation, event.id)}`;
      return `${where}${safeLine(event.from)} ${event.on ? 'gave' : 'took back'} ${what}`;
    }
  }
}
