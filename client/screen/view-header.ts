import { orderedConversations } from './conversations.ts';
import type { Layout } from './layout.ts';
import type { Conversation, Ended, ScreenState } from './model.ts';
import { isNews } from './notifications.ts';
import type { Panel } from './panels.ts';
import { safeLine } from './safe-lines.ts';
import { fitLine, type Line, lineWidth, span, spread } from './spans.ts';
import { padText } from './text-width.ts';
import { isMentioned } from './unread.ts';
import { count } from './words.ts';

const PANEL_TITLES: Readonly<Record<Panel['kind'], string>> = {
  help: 'Help',
  choices: 'List',
  search: 'Find',
  jump: 'Go to',
  cluster: 'Servers',
  confirm: 'Are you sure?',
  secret: 'Password',
};
const ENDED_WORDS: Readonly<Record<Ended, string>> = {
  'account-deleted': 'account deleted',
  'room-deleted': 'room deleted',
  removed: 'you were removed',
  left: 'you left',
};

/** What is open, and who looks at it. */
export function headerLine(state: ScreenState, layout: Layout, conversation: Conversation | undefined): Line {
  const width = layout.columns - 1;
  const right = [span(safeLine(state.username), 'dim'), span(' ')];
  if (layout.listWidth === 0) return narrowHeader(state, right, conversation, width);
  const left = [span(padText(' understudy', layout.listWidth), 'dim'), span(' │ ', 'dim')];
  const room = width - lineWidth(left) - lineWidth(right) - 2;
  return spread([...left, ...fitLine(titleOf(state, conversation), room)], right, width);
}

function titleOf(state: ScreenState, conversation: Conversation | undefined): Line {
  if (state.panel) {
    const { panel } = state;
    const what = { accounts: 'Accounts', rooms: 'Rooms', members: 'Members' };
    if (panel.kind === 'choices') return [span(what[panel.what], 'strong')];
    if (panel.kind === 'secret') {
      return [span(panel.purpose === 'delete-account' ? 'Delete the account' : 'Change the password', 'strong')];
    }
    return [span(PANEL_TITLES[panel.kind], 'strong')];
  }
  if (!conversation) return [span('understudy', 'strong')];
  return [span(safeLine(conversation.name), 'strong'), ...aboutConversation(state, conversation)];
}

function aboutConversation(state: ScreenState, conversation: Conversation): Line {
  const { ended, room, displayName, online, key } = conversation;
  const parts: Line[] = [];
  if (displayName !== '') parts.push([span(safeLine(displayName))]);
  if (ended !== null) parts.push([span(ENDED_WORDS[ended], 'warning')]);
  else if (online !== null) parts.push([span(online ? 'online' : 'offline', online ? 'good' : 'dim')]);
  if (state.blocked.has(key)) parts.push([span('blocked', 'warning')]);
  if (state.muted.has(key)) parts.push([span('muted', 'dim')]);
  if (room && ended === null) parts.push([span(count(room.members, 'member'), 'dim')]);
  if (room && room.topic !== '') parts.push([span(safeLine(room.topic))]);
  return parts.flatMap((part) => [span(' · ', 'dim'), ...part]);
}

function narrowHeader(state: ScreenState, right: Line, conversation: Conversation | undefined, width: number): Line {
  const ordered = orderedConversations(state);
  const place = ordered.findIndex((one) => one.key === state.open) + 1;
  const news = ordered.filter((one) => one.key !== state.open && isNews(state, one));
  const unread = news.reduce((sum, one) => sum + one.unread, 0);
  const which = ordered.length > 1 ? [span(` ${place}/${ordered.length}`, 'dim')] : [];
  const mark = news.some(isMentioned) ? '@' : '';
  const elsewhere = [...which, ...(unread > 0 ? [span(` ${mark}${unread} new`, 'warning')] : [])];
  const room = Math.max(8, width - lineWidth(right) - lineWidth(elsewhere) - 2);
  return spread([span(' '), ...fitLine(titleOf(state, conversation), room), ...elsewhere], right, width);
}
