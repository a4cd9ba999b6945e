import type { AccountListing, Conversation, Message, Replies, Room } from '../shared/api.ts';

/** What line mode and one-shot commands show of things, a line each. */

/** When, from whom to whom, what, its id; and whether it was edited, what it answers, who reacted. */
export function messageLine(message: Message): string {
  const at = new Date(message.at).toISOString().slice(0, 19).replace('T', ' ');
  const from = message.fromDeleted ? `${message.from} (deleted)` : message.from;
  const edited = message.editedAt === undefined ? '' : ' (edited)';
  const answers = message.replyTo === undefined ? '' : ` (answers ${message.replyTo})`;
  const reactions = (message.reactions ?? []).map(({ reaction, by }) => `  ${reaction} ${by.join(', ')}`).join('');
  return `${at} ${from} -> ${message.to}: ${message.body}  [${message.id}]${edited}${answers}${reactions}`;
}

export function accountLine({ username, online, displayName }: AccountListing): string {
  return `${username}${named(displayName)}${online ? ' (online)' : ''}`;
}

export function roomLine({ name, topic, owner, members }: Room): string {
  const count = `${members} ${members === 1 ? 'member' : 'members'}`;
  return `${name}  ${count}, of ${owner}${topic === '' ? '' : `: ${topic}`}`;
}

export function conversationLine(conversation: Conversation): string {
  const { with: other, unread, room, online, displayName, deleted } = conversation;
  const state = deleted ? ' (deleted)' : online ? ' (online)' : '';
  const topic = room && room.topic !== '' ? `: ${room.topic}` : '';
  return `${other}${named(displayName)}${state}${unread > 0 ? `  ${unread} unread` : ''}${topic}`;
}

export function settingsLines(settings: Replies['account:settings']): string[] {
  const { username, displayName, blocked, sessions } = settings;
  return [
    `Username: ${username}`,
    `Display name: ${displayName === '' ? '(none)' : displayName}`,
    `Blocked: ${blocked.length === 0 ? '(nobody)' : blocked.join(', ')}`,
    `Log-ins: ${sessions}`,
  ];
}

/** In places that are for rooms only, the `#` may be left out: shells take it for a comment. */
export function roomName(typed: string): string {
  return typed.startsWith('#') ? typed : `#${typed}`;
}

function named(displayName: string | undefined): string {
  return displayName ? ` "${displayName}"` : '';
}
