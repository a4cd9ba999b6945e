import type { AccountListing, Room } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import {
  allRead,
  changed,
  conversationNamed,
  dropConversation,
  ensureConversation,
  openConversation,
  openOf,
  withConversation,
} from './conversations.ts';
import type { AnswerTo } from './effects.ts';
import { EMPTY_LOG } from './message-log.ts';
import { type Conversation, type Members, type ScreenState, type Step, step } from './model.ts';
import { withNotice } from './notices.ts';

/** Members that are fetched for the list beside the messages. */
const MEMBERS_SHOWN = 500;

function isUser(state: ScreenState, username: string): boolean {
  return nameKey(username) === nameKey(state.owner);
}

/** A room was made or joined by the user, or its topic or owner changed. */
export function onRoomChanged(before: ScreenState, room: Room): ScreenState {
  const isNew = conversationNamed(before, room.name)?.ended !== null;
  const state = ensureConversation(before, room.name, before.nowMs);
  const now = changed(state, room.name, { room, name: room.name, ended: null });
  return isNew ? { ...now, knownNames: [...new Set([...now.knownNames, room.name])] } : now;
}

/** Somebody joined; the user's own joining puts the room onto the list. */
export function onRoomJoined(before: ScreenState, roomName: string, username: string): ScreenState {
  const state = isUser(before, username) ? ensureConversation(before, roomName, before.nowMs) : before;
  const conversation = conversationNamed(state, roomName);
  if (!conversation) return state;
  if (isUser(state, username)) return changed(state, roomName, { ended: null });
  const { room, members } = conversation;
  const isKnown = members?.list.some((one) => nameKey(one.username) === nameKey(username)) ?? false;
  const joined: Conversation = {
    ...conversation,
    room: room && { ...room, members: room.members + 1 },
    members: members && !isKnown ? { ...members, list: [...members.list, { username, online: true }] } : members,
  };
  const now = withConversation(state, joined);
  return state.open === joined.key ? withNotice(now, `${username} joined ${joined.name}.`, 'plain') : now;
}

/** Somebody left or was removed; the user's own leaving takes the room off the list. */
export function onRoomLeft(state: ScreenState, roomName: string, username: string, removed: boolean): ScreenState {
  const conversation = conversationNamed(state, roomName);
  if (!conversation) return state;
  if (isUser(state, username)) {
    if (!removed) return dropConversation(state, conversation, 'left');
    const now = changed(state, roomName, { ...allRead(conversation), ended: 'removed', members: null });
    return withNotice(
      now,
      `You were removed from ${conversation.name} by its owner. /leave takes it off the list.`,
      'warning',
    );
  }
  const now = withConversation(state, withoutMember(conversation, username));
  const how = removed ? 'was removed from' : 'left';
  return state.open === conversation.key ? withNotice(now, `${username} ${how} ${conversation.name}.`, 'plain') : now;
}

/** A room that somebody is no longer in; as it was when it is known that they were not. */
function withoutMember(conversation: Conversation, username: string): Conversation {
  const { room, members } = conversation;
  const list = members?.list.filter((one) => nameKey(one.username) !== nameKey(username)) ?? [];
  if (members?.state === 'whole' && list.length === members.list.length) return conversation;
  return {
    ...conversation,
    room: room && { ...room, members: Math.max(0, room.members - 1) },
    members: members && { ...members, list },
  };
}

/** An account is no more, and in no room. */
export function onAccountDeleted(state: ScreenState, username: string): ScreenState {
  const conversations = new Map(state.conversations);
  for (const one of conversations.values()) {
    const isMember = one.members?.list.some((member) => nameKey(member.username) === nameKey(username)) ?? false;
    if (isMember) conversations.set(one.key, withoutMember(one, username));
  }
  const now = { ...state, conversations };
  if (!conversationNamed(now, username)) return now;
  const ended = changed(now, username, { ended: 'account-deleted', online: null });
  return withNotice(ended, `The account ${username} was deleted.`, 'plain');
}

/** A room is no more, nor are its messages. */
export function onRoomDeleted(state: ScreenState, roomName: string): ScreenState {
  const conversation = conversationNamed(state, roomName);
  if (!conversation) return state;
  const emptied: Conversation = { ...conversation, log: EMPTY_LOG, anchor: null, older: 'none' };
  const now = withConversation(state, emptied);
  return withNotice(dropConversation(now, emptied, 'room-deleted'), `The room ${roomName} was deleted.`, 'plain');
}

/** Somebody came or went. */
export function onPresence(before: ScreenState, username: string, online: boolean): ScreenState {
  const state = changed(before, username, { online });
  return withMember(state, username, (member) => ({ ...member, online }));
}

/** Somebody chose another display name. */
export function onAccountChanged(before: ScreenState, username: string, displayName: string): ScreenState {
  const state = changed(before, username, { displayName });
  return withMember(state, username, ({ displayName: _, ...member }) =>
    displayName === '' ? member : { ...member, displayName },
  );
}

function withMember(
  state: ScreenState,
  username: string,
  change: (member: AccountListing) => AccountListing,
): ScreenState {
  const key = nameKey(username);
  const conversations = new Map(state.conversations);
  let isChanged = false;
  for (const one of conversations.values()) {
    if (!one.members?.list.some((member) => nameKey(member.username) === key)) continue;
    const list = one.members.list.map((member) => (nameKey(member.username) === key ? change(member) : member));
    conversations.set(one.key, { ...one, members: { ...one.members, list } });
    isChanged = true;
  }
  return isChanged ? { ...state, conversations } : state;
}

/** The members of the open room are fetched once it is shown. */
export function fetchMembers(state: ScreenState): Step {
  const conversation = openOf(state);
  const isOnline = state.connection.phase === 'connected' && state.username !== '';
  if (!conversation?.room || conversation.members !== null || conversation.ended !== null || !isOnline)
    return step(state);
  const members: Members = { list: [], state: 'loading' };
  return step(withConversation(state, { ...conversation, members }), {
    type: 'members',
    era: state.era,
    room: conversation.name,
  });
}

/** A page of the members of a room; the next one is asked for as long as they are shown. */
export function onMembers(state: ScreenState, { effect, result }: AnswerTo<'members'>): Step {
  const conversation = conversationNamed(state, effect.room);
  const former = conversation?.members;
  if (effect.era !== state.era || !conversation || former?.state !== 'loading') return step(state);
  const kept = (members: Members): ScreenState => withConversation(state, { ...conversation, members });
  if (!result.ok) return step(kept({ ...former, state: 'failed' }));
  const { members: page, more } = result.value;
  const known = new Set(page.map((one) => nameKey(one.username)));
  const list = [...former.list.filter((one) => !known.has(nameKey(one.username))), ...page];
  const after = page.at(-1)?.username;
  if (!more || after === undefined) return step(kept({ list, state: 'whole' }));
  if (list.length >= MEMBERS_SHOWN) return step(kept({ list, state: 'part' }));
  return step(kept({ list, state: 'loading' }), { type: 'members', era: state.era, room: effect.room, after });
}

/** The room is opened as soon as the servers say that it is there. */
export function opened(before: ScreenState, name: string): ScreenState {
  const state = ensureConversation(before, name, before.nowMs);
  return openConversation(changed(state, name, { ended: null }), nameKey(name));
}
