import type { Conversation as Told } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import { dropConversation, freshConversation, isRoomName, openMostRecent, openOf } from './conversations.ts';
import { EMPTY_EDITOR } from './editor.ts';
import type { Effect } from './effects.ts';
import { type Conversation, type ScreenState, type Step, step } from './model.ts';
import { withToldUnread } from './unread.ts';

/** All conversations as the servers know them: unread counts, rooms, who is online. Rooms that are not among them were left. */
export function onConversations(before: ScreenState, told: readonly Told[]): Step {
  // Of two with one name, that with the present account counts.
  const ordered = [...told.filter((one) => one.deleted), ...told.filter((one) => !one.deleted)];
  const effects: Effect[] = [];
  const conversations = new Map(before.conversations);
  const isFirst = conversations.size === 0;
  for (const one of ordered) {
    const former = conversations.get(nameKey(one.with)) ?? freshConversation(one.with, 0);
    const merged = mergedWith(before, former, one);
    conversations.set(former.key, merged);
    // Read here while nobody could be told.
    if (merged.readPosition > one.read && one.unread > 0) {
      effects.push({ type: 'read', conversation: merged.name, position: merged.readPosition });
    }
  }
  const open = before.open ?? conversations.keys().next().value ?? null;
  let state = adoptStray({ ...before, conversations, open, listed: true }, isFirst);
  const present = new Set(ordered.map((one) => nameKey(one.with)));
  for (const one of conversations.values()) {
    if (isRoomName(one.name) && one.ended === null && !present.has(one.key))
      state = dropConversation(state, one, 'left');
  }
  return step(openMostRecent(state), ...effects);
}

function mergedWith(state: ScreenState, former: Conversation, told: Told): Conversation {
  const counted = withToldUnread(state, former, told);
  return {
    ...counted,
    name: told.with,
    ended: told.deleted ? 'account-deleted' : null,
    room: told.room ?? null,
    // Who came and went meanwhile was not told.
    members: null,
    displayName: told.displayName ?? '',
    online: told.online ?? null,
  };
}

/** What was typed while there was no conversation goes to the one that is open now. */
function adoptStray(state: ScreenState, isFirst: boolean): ScreenState {
  const opened = openOf(state);
  if (!isFirst || !opened) return state;
  const conversations = new Map(state.conversations);
  conversations.set(opened.key, { ...opened, draft: state.strayDraft });
  const handedOver = state.handedOver.map((one) => (one.typedIn === null ? { ...one, typedIn: opened.key } : one));
  return { ...state, conversations, handedOver, strayDraft: EMPTY_EDITOR };
}
