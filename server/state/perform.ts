import { unreachable } from '../../shared/assert.ts';
import type { LogEntry, LogEvent } from '../../shared/operations.ts';
import {
  changeBlock,
  changePassword,
  changeProfile,
  closeAllSessions,
  closeSession,
  createAccount,
  deleteAccount,
  openSession,
} from './account-operations.ts';
import type { ChatParts } from './chat-parts.ts';
import { deleteDocument, setDocument } from './document-operations.ts';
import { deleteMessage, editMessage, noteReadMarks, noteReceipts, react, sendMessage } from './message-operations.ts';
import type { Notice } from './reader.ts';
import { performInRoom } from './room-operations.ts';

/** What an entry that took effect came to. */
export interface Performed {
  /** For those who are connected, in order. */
  notices: Notice[];
  /** Of an entry about a document: there was one of that key before. */
  existed?: boolean;
}

/** Does what an entry asks for, which was found to take effect. */
export function perform(parts: ChatParts, entry: LogEntry): Performed {
  switch (entry.event) {
    case 'document:set':
      return { notices: [], existed: setDocument(parts, entry) };
    case 'document:delete':
      return { notices: [], existed: deleteDocument(parts, entry) };
    default:
      return { notices: performInChat(parts, entry as LogEntry & { event: ChatEvent }) };
  }
}

type ChatEvent = Exclude<LogEvent, 'document:set' | 'document:delete'>;

function performInChat(parts: ChatParts, entry: LogEntry & { event: ChatEvent }): Notice[] {
  switch (entry.event) {
    case 'message:send':
      return sendMessage(parts, entry);
    case 'cluster:view':
    case 'cluster:complete':
    case 'request:refused':
      return [];
    case 'cluster:compact':
      parts.compactions.compact(entry.op);
      return [];
    case 'account:create':
      return createAccount(parts, entry);
    case 'account:delete':
      return deleteAccount(parts, entry);
    case 'account:password':
      return changePassword(parts, entry);
    case 'account:profile':
      return changeProfile(parts, entry);
    case 'account:block':
    case 'account:unblock':
      return changeBlock(parts, entry);
    case 'session:open':
      return openSession(parts, parts.accounts.present(entry.account)!, entry);
    case 'session:close':
      return closeSession(parts, entry);
    case 'session:close-all':
      return closeAllSessions(parts, entry);
    case 'message:edit':
      return editMessage(parts, entry);
    case 'message:delete':
      parts.compactions.noteRemovable(entry.op);
      return deleteMessage(parts, entry);
    case 'message:react':
    case 'message:unreact':
      return react(parts, entry);
    case 'message:received':
      noteReceipts(parts, entry);
      return [];
    case 'conversation:read':
      return noteReadMarks(parts, entry);
    case 'room:create':
    case 'room:join':
    case 'room:leave':
    case 'room:topic':
    case 'room:remove':
    case 'room:readmit':
    case 'room:delete':
      return performInRoom(parts, entry);
    default:
      return unreachable(entry.event);
  }
}
