import { type RequestEvent, type RequestOf, requestSchemas, type WriteEvent } from '../../shared/api.ts';
import { refusal } from '../../shared/errors.ts';
import { closeAllSessions, closeSession, createAccount, deleteAccount, openSession } from './gateway-accounts.ts';
import { badRequest, shown } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import {
  checkEdit,
  checkMember,
  checkMessage,
  checkMessageId,
  checkNewAccount,
  checkNewRoom,
  checkOnlyPassword,
  checkPasswordChange,
  checkProfile,
  checkReaction,
  checkRoom,
  checkTopic,
  checkUsername,
} from './gateway-content.ts';
import type { Answer, GatewayContext, Refused } from './gateway-context.ts';
import { checkDocument, checkDocumentKey, deleteDocument, getDocument, setDocument } from './gateway-documents.ts';
import { getMessage, readHistory } from './gateway-history.ts';
import { listAccounts, listConversations, listMembers, listRooms, readCluster } from './gateway-lists.ts';
import { forwardTyping, markRead, noteReceived } from './gateway-marks.ts';
import { deleteMessage, editMessage, reactTo, sendMessage } from './gateway-messages.ts';
import { changeMember, changeRoom, createRoom, setTopic } from './gateway-rooms.ts';
import { searchMessages } from './gateway-search.ts';
import { changeBlock, changePassword, readSettings, setProfile } from './gateway-settings.ts';

/**
 * How a request of a client is judged before it is done. The columns are passed from left to right:
 * its shape (`requestSchemas`), its content, how often it comes, whether somebody has to be logged in, the handler.
 */
interface Guard<E extends RequestEvent> {
  /** A write is numbered, done in its turn, by the primary only, and the engine does it exactly once. */
  kind: E extends WriteEvent ? 'write' : 'read';
  /** What is wrong in itself, whoever asks; answered before anything else. */
  content?: (request: RequestOf<E>) => Refused | undefined;
  /**
   * `nobody`: may be asked by anybody. `account`: by those who are logged in. `engine`: by those who are logged in,
   * unless it was done before under the same number, which only the engine can tell (R18).
   */
  asker: 'nobody' | 'account' | 'engine';
  /** A promise holds back the socket's later writes. Never rejects for anything that a client can cause. */
  handle(
    context: GatewayContext,
    connection: Connection,
    // biome-ignore lint/suspicious/noExplicitAny: each handler knows what the schema of its event lets through
    request: any,
    answer: Answer,
  ): Promise<void> | undefined;
}

const GUARDS: { [E in RequestEvent]: Guard<E> } = {
  'account:create': { kind: 'write', content: checkNewAccount, asker: 'nobody', handle: createAccount },
  'account:delete': { kind: 'write', content: checkOnlyPassword, asker: 'engine', handle: deleteAccount },
  'account:password': { kind: 'write', content: checkPasswordChange, asker: 'engine', handle: changePassword },
  'account:profile': { kind: 'write', content: checkProfile, asker: 'engine', handle: setProfile },
  'account:block': { kind: 'write', content: checkUsername, asker: 'engine', handle: changeBlock('account:block') },
  'account:unblock': { kind: 'write', content: checkUsername, asker: 'engine', handle: changeBlock('account:unblock') },
  'account:list': { kind: 'read', asker: 'account', handle: listAccounts },
  'account:settings': { kind: 'read', asker: 'account', handle: readSettings },
  'session:open': { kind: 'write', content: checkOnlyPassword, asker: 'nobody', handle: openSession },
  'session:close': { kind: 'write', asker: 'engine', handle: closeSession },
  'session:close-all': { kind: 'write', asker: 'engine', handle: closeAllSessions },
  'message:send': { kind: 'write', content: checkMessage, asker: 'engine', handle: sendMessage },
  'message:edit': { kind: 'write', content: checkEdit, asker: 'engine', handle: editMessage },
  'message:delete': { kind: 'write', content: checkMessageId, asker: 'engine', handle: deleteMessage },
  'message:react': { kind: 'write', content: checkReaction, asker: 'engine', handle: reactTo('message:react') },
  'message:unreact': { kind: 'write', content: checkReaction, asker: 'engine', handle: reactTo('message:unreact') },
  'message:history': { kind: 'read', asker: 'account', handle: readHistory },
  'message:get': { kind: 'read', content: checkMessageId, asker: 'account', handle: getMessage },
  'message:search': { kind: 'read', asker: 'account', handle: searchMessages },
  'message:received': { kind: 'read', asker: 'account', handle: noteReceived },
  'conversation:list': { kind: 'read', asker: 'account', handle: listConversations },
  'conversation:read': { kind: 'read', asker: 'account', handle: markRead },
  'room:create': { kind: 'write', content: checkNewRoom, asker: 'engine', handle: createRoom },
  'room:join': { kind: 'write', content: checkRoom, asker: 'engine', handle: changeRoom('room:join') },
  'room:leave': { kind: 'write', content: checkRoom, asker: 'engine', handle: changeRoom('room:leave') },
  'room:delete': { kind: 'write', content: checkRoom, asker: 'engine', handle: changeRoom('room:delete') },
  'room:topic': { kind: 'write', content: checkTopic, asker: 'engine', handle: setTopic },
  'room:remove': { kind: 'write', content: checkMember, asker: 'engine', handle: changeMember('room:remove') },
  'room:readmit': { kind: 'write', content: checkMember, asker: 'engine', handle: changeMember('room:readmit') },
  'room:list': { kind: 'read', asker: 'account', handle: listRooms },
  'room:members': { kind: 'read', asker: 'account', handle: listMembers },
  'document:set': { kind: 'write', content: checkDocument, asker: 'nobody', handle: setDocument },
  'document:get': { kind: 'read', content: checkDocumentKey, asker: 'nobody', handle: getDocument },
  'document:delete': { kind: 'write', content: checkDocumentKey, asker: 'nobody', handle: deleteDocument },
  'typing:set': { kind: 'read', asker: 'account', handle: forwardTyping },
  'cluster:status': { kind: 'read', asker: 'nobody', handle: readCluster },
};

/** A request that is well-formed and may be done when its turn comes. */
export interface Admitted {
  event: RequestEvent;
  /** Of a write. */
  numbered: { request: number; oldest?: number | undefined } | undefined;
  asker: 'nobody' | 'account' | 'engine';
  handle(context: GatewayContext, connection: Connection, answer: Answer): Promise<void> | undefined;
}

/** Whether there is such an event. */
export function isRequestEvent(event: string): event is RequestEvent {
  return Object.hasOwn(GUARDS, event);
}

/** Judges what a client sent by its shape and content alone. */
export function admit(event: RequestEvent, sent: unknown): Admitted | Refused {
  const guard = GUARDS[event] as Guard<'message:send'> | Guard<'cluster:status'>;
  const parsed = requestSchemas[event].safeParse(sent);
  if (!parsed.success) return badRequest(event, sent, parsed.error);
  const refused = guard.content?.(parsed.data as never);
  if (refused) return refused;
  return {
    event,
    numbered: guard.kind === 'write' ? (parsed.data as RequestOf<'session:close'>) : undefined,
    asker: guard.asker,
    handle: (context, connection, answer) => guard.handle(context, connection, parsed.data, answer),
  };
}

export function noSuchEvent(event: unknown): Refused {
  const possible = Object.keys(GUARDS).join(', ');
  return refusal('bad-request', `There is no event ${shown(event)}; there are ${possible}.`);
}
