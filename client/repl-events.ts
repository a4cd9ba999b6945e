import type { ChatEvent } from './chat-types.ts';
import { messageLine, roomLine } from './lines.ts';

/** What the line mode says of something that happened; nothing of what comes and goes, or what the answer to a command says. */
export function eventLine(event: ChatEvent): string | undefined {
  switch (event.type) {
    case 'message':
      return messageLine(event.message);
    case 'message-deleted':
      return `Message ${event.id} was deleted.`;
    case 'message-edited':
      return `Message ${event.id} was edited: ${event.body}`;
    case 'message-reacted':
      return event.on
        ? `${event.from} reacted to message ${event.id}: ${event.reaction}`
        : `${event.from} took back a reaction to message ${event.id}: ${event.reaction}`;
    case 'message-changed':
      return `Changed meanwhile: ${messageLine(event.message)}`;
    case 'account-deleted':
      return `The account ${event.username} was deleted.`;
    case 'account-changed':
      return event.displayName === ''
        ? `${event.username} has no display name any more.`
        : `${event.username} is shown as ${event.displayName}.`;
    case 'room-changed':
      return `Room ${roomLine(event.room)}`;
    case 'room-joined':
      return `${event.username} joined ${event.room}.`;
    case 'room-left':
      return `${event.username} ${event.removed ? 'was removed from' : 'left'} ${event.room}.`;
    case 'room-deleted':
      return `The room ${event.room} was deleted.`;
    case 'logged-in':
      return `Logged in as ${event.username}.`;
    case 'logged-out':
      return `Logged out: ${event.reason}`;
    case 'reload':
      return `WARNING: ${event.reason}`;
    case 'notice':
      return event.text;
    default:
      return undefined;
  }
}
