import type { LogEntry } from '../../../shared/operations.ts';
import { LOG_EVENTS, type LogEvent } from '../../../shared/operations.ts';
import type { AskedEvent, NewsKind, PositionedKind } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';
import type { Coverage } from './coverage.ts';

/** By which codes of the state each request should be refused now and then. The type checker says so when a request is missing. */
const REFUSALS: Record<AskedEvent, readonly string[]> = {
  'account:create': ['username-taken'],
  'account:delete': ['wrong-password'],
  'account:password': ['wrong-password'],
  'account:profile': [],
  'account:block': ['no-such-account'],
  'account:unblock': ['no-such-account'],
  'account:list': [],
  'account:settings': [],
  'session:open': ['wrong-password'],
  'session:close': [],
  'session:close-all': [],
  'message:send': ['no-such-account', 'no-such-room', 'not-a-member', 'blocked'],
  'message:edit': ['forbidden', 'no-such-message', 'not-a-member', 'blocked', 'no-such-account'],
  'message:delete': ['forbidden', 'no-such-message'],
  'message:react': ['no-such-message', 'not-a-member', 'blocked', 'no-such-account'],
  'message:unreact': ['no-such-message', 'not-a-member'],
  'message:history': ['no-such-account', 'no-such-room', 'not-a-member'],
  'message:get': ['no-such-message'],
  'message:search': ['no-such-account', 'no-such-room', 'not-a-member'],
  'conversation:list': [],
  'room:create': ['room-taken'],
  'room:join': ['no-such-room', 'forbidden'],
  'room:leave': ['no-such-room', 'not-a-member'],
  'room:topic': ['no-such-room', 'not-a-member', 'forbidden'],
  'room:remove': ['no-such-room', 'not-a-member', 'forbidden', 'no-such-account'],
  'room:readmit': ['no-such-room', 'not-a-member', 'forbidden', 'no-such-account'],
  'room:delete': ['no-such-room', 'not-a-member', 'forbidden'],
  'room:list': [],
  'room:members': ['no-such-room'],
  'document:set': [],
  'document:get': [],
  'document:delete': [],
};

const TOLD: Record<PositionedKind | NewsKind, true> = {
  message: true,
  'message-deleted': true,
  'message-edited': true,
  'message-reacted': true,
  'message-changed': true,
  conversations: true,
  'conversation-read': true,
  'room-changed': true,
  'room-joined': true,
  'room-left': true,
  'room-deleted': true,
  'account-changed': true,
  'account-blocked': true,
};

const answeredNote = (event: AskedEvent) => `request ${event}: done`;
const refusedNote = (event: AskedEvent, code: string) => `request ${event}: refused with ${code}`;
const toldNote = (kind: string) => `client told: ${kind}`;
const loggedNote = (event: LogEvent) => `log ${event}`;

/** What clients should ask, be refused and be told, and what should come into the log. */
export const CLIENT_COVERAGE: readonly string[] = [
  ...(Object.keys(REFUSALS) as AskedEvent[]).flatMap((event) => [
    answeredNote(event),
    ...REFUSALS[event].map((code) => refusedNote(event, code)),
  ]),
  ...Object.keys(TOLD).map(toldNote),
  ...LOG_EVENTS.map(loggedNote),
];

/** Notes what the clients of a run met; refusals that tell of a server's state, and not of the chat's, are left out. */
export function noteClients(coverage: Coverage, events: readonly CheckedEvent[], committed: readonly LogEntry[]): void {
  const asked = new Map<number, AskedEvent>();
  for (const event of events) {
    if (event.type === 'asked') asked.set(event.call, event.event);
    else if (event.type === 'told' || event.type === 'heard') coverage.note(toldNote(event.kind));
    else if (event.type === 'answered') {
      const what = asked.get(event.call)!;
      const { result } = event;
      if (result.ok) coverage.note(answeredNote(what));
      else if (REFUSALS[what].includes(result.error.code)) coverage.note(refusedNote(what, result.error.code));
    }
  }
  for (const { event } of committed) coverage.note(loggedNote(event));
}
