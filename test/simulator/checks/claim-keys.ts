import { nameKey } from '../../../shared/names.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import type { AskedEvent } from '../client-events.ts';
import { askedText, type Call } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { accountIn, roomIn } from './logged-rooms.ts';

/** What names an operation in the words of a client, and in the log: equal for a request and what became of it. */
interface ClaimKey {
  of(call: Call): string;
  at(entry: LogEntry, history: CommittedHistory): string;
}

const text = (call: Call, field: string) => askedText(call, field) ?? '';
const keyOf = (call: Call, field: string) => nameKey(text(call, field));
const byId: ClaimKey = { of: (call) => text(call, 'id'), at: ({ subject }) => subject };
const byBody: ClaimKey = { of: (call) => text(call, 'body'), at: ({ body }) => body };
const byReaction: ClaimKey = {
  of: (call) => `${text(call, 'id')} ${text(call, 'reaction')}`,
  at: ({ subject, body }) => `${subject} ${body}`,
};
const roomKey = (id: string, history: CommittedHistory) => history.rooms.get(id)?.key ?? '';
const accountKey = (id: string, history: CommittedHistory) => history.accounts.get(id)?.key ?? '';
const byRoom: ClaimKey = {
  of: (call) => keyOf(call, 'room'),
  at: ({ subject }, history) => roomKey(subject, history),
};
const byMember: ClaimKey = {
  of: (call) => `${keyOf(call, 'room')} ${keyOf(call, 'username')}`,
  at: (entry, history) => `${roomKey(roomIn(entry), history)} ${accountKey(accountIn(entry), history)}`,
};
const byAccount: ClaimKey = {
  of: (call) => keyOf(call, 'username'),
  at: ({ subject }, history) => accountKey(subject, history),
};

/** Of every write that is answered with its position, but those that create accounts and log-ins. */
export const CLAIM_KEYS: Partial<Record<AskedEvent, ClaimKey>> = {
  'message:send': byBody,
  'message:edit': byBody,
  'message:delete': byId,
  'message:react': byReaction,
  'message:unreact': byReaction,
  'room:create': {
    of: (call) => `${keyOf(call, 'room')} ${text(call, 'topic')}`,
    at: ({ body }) => {
      const { nameKey: key, topic } = JSON.parse(body) as { nameKey: string; topic: string };
      return `${key} ${topic}`;
    },
  },
  'room:topic': {
    of: (call) => `${keyOf(call, 'room')} ${text(call, 'topic')}`,
    at: ({ subject, body }, history) => `${roomKey(subject, history)} ${body}`,
  },
  'room:join': byRoom,
  'room:leave': byRoom,
  'room:delete': byRoom,
  'room:remove': byMember,
  'room:readmit': byMember,
  'document:set': {
    of: (call) => `${text(call, 'key')} ${text(call, 'value')}`,
    at: ({ subject, body }) => `${subject} ${body}`,
  },
  'document:delete': { of: (call) => text(call, 'key'), at: ({ subject }) => subject },
  'account:block': byAccount,
  'account:unblock': byAccount,
  'account:profile': { of: (call) => text(call, 'displayName'), at: ({ body }) => body },
  'account:password': { of: (call) => `plain ${text(call, 'newPassword')}`, at: ({ body }) => body },
};
