import type { ServerToClientEvents } from '../shared/api.ts';
import type { ConversationNews } from './conversation-sync.ts';
import type { Told } from './told.ts';
import type { PushEvent } from './transport.ts';

type Payload<E extends PushEvent> = Parameters<ServerToClientEvents[E]>[0];

const TOLD: { [E in PushEvent]?: (payload: Payload<E>) => Told } = {
  'message:new': (message) => ({ message }),
  'message:deleted': (deleted) => ({ deleted }),
  'message:edited': (edited) => ({ edited }),
  'message:reacted': (reacted) => ({ reacted }),
};

const NEWS: { [E in PushEvent]?: (payload: Payload<E>) => ConversationNews } = {
  'account:changed': ({ position, ...change }) => ({ position, event: { type: 'account-changed', ...change } }),
  'room:changed': ({ position, room }) => ({ position, event: { type: 'room-changed', room } }),
  'room:joined': ({ position, ...change }) => ({ position, event: { type: 'room-joined', ...change } }),
  'room:left': ({ position, ...change }) => ({ position, event: { type: 'room-left', ...change } }),
  'room:deleted': ({ position, room }) => ({ position, event: { type: 'room-deleted', room } }),
  'conversation:read': ({ position, with: other, read }) => ({
    position,
    event: { type: 'conversation-read', with: other, read },
  }),
  'presence:changed': (presence) => ({ position: undefined, event: { type: 'presence', ...presence } }),
};

/** What a push says of the messages of the account; undefined when it is about something else. */
export function toldOf(event: PushEvent, payload: unknown): Told | undefined {
  return TOLD[event]?.(payload as never);
}

/** What a push says of its conversations; undefined when it is about something else. */
export function newsOf(event: PushEvent, payload: unknown): ConversationNews | undefined {
  return NEWS[event]?.(payload as never);
}
