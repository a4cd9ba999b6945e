import { isRoomName, orderedConversations } from './conversations.ts';
import type { Layout } from './layout.ts';
import type { Conversation, ScreenState } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { type Line, type Look, type Span, span } from './spans.ts';
import { padText, textWidth } from './text-width.ts';
import { isMentioned } from './unread.ts';

const UNREAD_SHOWN = 999;

/** The window of the list of conversations that holds the open one; exactly as many rows as the body has. */
export function listLines(state: ScreenState, layout: Layout): Line[] {
  const ordered = orderedConversations(state);
  const openIndex = ordered.findIndex((one) => one.key === state.open);
  const overflow = Math.max(0, ordered.length - layout.bodyRows);
  const first = Math.min(overflow, Math.max(0, openIndex - layout.bodyRows + 2));
  const shown = ordered.slice(first, first + layout.bodyRows);
  const lines = shown.map((one) => listLine(state, one, layout.listWidth));
  const hidden = ordered.length - first - shown.length;
  if (hidden > 0) lines[lines.length - 1] = [span(padText(` ${hidden + 1} more …`, layout.listWidth), 'dim')];
  const empty = Array.from(
    { length: layout.bodyRows - lines.length },
    (): Line => [span(' '.repeat(layout.listWidth))],
  );
  return [...lines, ...empty];
}

function listLine(state: ScreenState, conversation: Conversation, width: number): Line {
  const open = conversation.key === state.open;
  const draft = !open && conversation.draft.text.trim() !== '' ? ' ✎' : '';
  const right = rightWords(conversation);
  const name = padText(` ${safeLine(conversation.name)}${draft}`, Math.max(1, width - textWidth(right) - 3));
  const dot = presence(conversation);
  if (open) return [span(dot.text, 'selected'), span(`${name} ${right} `, 'selected')];
  const isMuted = state.muted.has(conversation.key) && !isMentioned(conversation);
  const look: Look = conversation.ended !== null || isMuted ? 'dim' : conversation.unread > 0 ? 'strong' : 'plain';
  const count: Look = isMuted || conversation.ended !== null ? 'dim' : isMentioned(conversation) ? 'mention' : 'good';
  return [dot, span(name, look), span(` ${right} `, count)];
}

function rightWords(conversation: Conversation): string {
  const { ended, unread } = conversation;
  if (ended !== null) return ended === 'account-deleted' || ended === 'room-deleted' ? 'deleted' : 'left';
  if (unread === 0) return '';
  return `${isMentioned(conversation) ? '@' : ''}${unread > UNREAD_SHOWN ? `${UNREAD_SHOWN}+` : unread}`;
}

function presence({ name, online, ended }: Conversation): Span {
  if (isRoomName(name) || online === null || ended !== null) return span(' ');
  return online ? span('●', 'good') : span('○', 'dim');
}
