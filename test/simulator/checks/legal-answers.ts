import type { ChatState } from '../../../server/state/chat-state.ts';
import { pageOf } from '../../../server/state/page-texts.ts';
import type { HistoryChoice } from '../../../server/state/reader.ts';
import type { AccountId, ConversationEnd } from '../../../shared/ids.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import type { Asked } from './random-client.ts';

/** What a server answers that has applied as much as `chat`; undefined when it refuses. */
export function answerOf(
  chat: ChatState,
  entries: readonly LogEntry[],
  account: AccountId,
  { event, ask }: Asked,
): Record<string, unknown> | undefined {
  const { limit = 100, after, before, pattern, with: name, room, id, key } = ask as Record<string, number & string>;
  switch (event) {
    case 'account:list': {
      const { accounts, more } = chat.listAccounts({ pattern, limit });
      return { accounts: accounts.map(({ username, displayName }) => ({ username, displayName })), more };
    }
    case 'message:history': {
      const other = name === undefined ? undefined : endNamed(chat, account, name);
      if (name !== undefined && other === undefined) return undefined;
      return { ...withTexts(chat.history({ account, after, before, with: other, limit }), entries) };
    }
    case 'message:get': {
      const [message] = withTexts(chat.messageById(account, String(id)), entries).messages;
      return message && { ...message };
    }
    case 'document:get': {
      const text = chat.document(String(key));
      return text === undefined ? { found: false } : { found: true, value: JSON.parse(text) };
    }
    case 'conversation:list': {
      const { conversations, more } = chat.conversations({ account, limit });
      return { conversations: conversations.map(({ end, ...one }) => one), position: chat.position, more };
    }
    case 'room:list':
      return { ...chat.listRooms({ limit }) };
    case 'room:members': {
      const view = chat.roomByName(String(room));
      if (!view) return undefined;
      const { members, more } = chat.members({ room: view.id, limit });
      return { members: members.map(({ username, displayName }) => ({ username, displayName })), more };
    }
    default: {
      const { username, displayName } = chat.account(account)!;
      return { username, displayName, blocked: chat.blockedBy(account), sessions: chat.sessionCount(account) };
    }
  }
}

function endNamed(chat: ChatState, account: AccountId, name: string): ConversationEnd | undefined {
  if (!name.startsWith('#')) return chat.accountByName(name)?.id;
  const room = chat.roomByName(name)?.id;
  return room !== undefined && chat.isMember(account, room) ? room : undefined;
}

function withTexts(choice: HistoryChoice, entries: readonly LogEntry[]) {
  const page = pageOf(choice, (position) => entries[position - 1]);
  if ('missing' in page) throw new Error(`the log has no rows ${page.missing.join()}`);
  return page;
}
