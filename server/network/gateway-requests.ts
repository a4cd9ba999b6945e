import { type RequestEvent, type RequestOf, requestSchemas, type WriteEvent } from '../../shared/api.ts';
import { refusal } from '../../shared/errors.ts';
import { normalizeUsername } from '../../shared/names.ts';
import { closeSession, createAccount, deleteAccount, openSession } from './gateway-accounts.ts';
import { badRequest, checkBody, checkNewPassword, checkPassword, checkRecipient, shown } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, GatewayContext, Refused } from './gateway-context.ts';
import {
  deleteMessage,
  listAccounts,
  noteReceived,
  readCluster,
  readHistory,
  sendMessage,
} from './gateway-messages.ts';

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
  'account:list': { kind: 'read', asker: 'account', handle: listAccounts },
  'session:open': { kind: 'write', content: checkOnlyPassword, asker: 'nobody', handle: openSession },
  'session:close': { kind: 'write', asker: 'engine', handle: closeSession },
  'message:send': { kind: 'write', content: checkMessage, asker: 'engine', handle: sendMessage },
  'message:delete': { kind: 'write', content: checkMessageId, asker: 'engine', handle: deleteMessage },
  'message:history': { kind: 'read', asker: 'account', handle: readHistory },
  'message:received': { kind: 'read', asker: 'account', handle: noteReceived },
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

function checkNewAccount({ username, password }: RequestOf<'account:create'>): Refused | undefined {
  const name = normalizeUsername(username);
  return name.ok ? checkNewPassword(password) : name;
}

function checkOnlyPassword({ password }: { password: string }): Refused | undefined {
  return checkPassword(password);
}

function checkMessage({ to, body }: RequestOf<'message:send'>): Refused | undefined {
  return checkRecipient(to) ?? checkBody(body);
}

/** Ids are made by the servers: what does not even look like one is nobody's. */
function checkMessageId({ id }: RequestOf<'message:delete'>): Refused | undefined {
  if (/^[\x21-\x7e]{1,128}$/.test(id)) return undefined;
  return refusal(
    'no-such-message',
    `There is no message ${shown(id)}; use the id from message:new or message:history.`,
  );
}
