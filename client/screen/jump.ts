import { nameKey } from '../../shared/names.ts';
import { isRoomName, orderedConversations } from './conversations.ts';
import type { Conversation, ScreenState } from './model.ts';
import { isNews } from './notifications.ts';

const TARGETS_SHOWN = 200;

/**
 * Names of conversations that fit what is typed, the likeliest first: those that begin with it, then those in which a
 * word does, then those that contain its letters in order. Behind them come accounts that were seen in lists.
 */
export function jumpTargets(state: ScreenState, typed: string): string[] {
  const text = nameKey(typed.trim());
  const conversations = orderedConversations(state);
  const news = conversations.filter((one) => isNews(state, one));
  const all = text === '' ? [...news, ...conversations.filter((one) => !isNews(state, one))] : conversations;
  const ranked = all
    .map((one) => ({ name: one.name, rank: rankOf(one, text) }))
    .filter((one) => one.rank < FAR)
    .sort((a, b) => a.rank - b.rank);
  const present = new Set(conversations.map((one) => one.key));
  const known =
    text === '' ? [] : state.knownNames.filter((name) => isKnownFor(name, text) && !present.has(nameKey(name)));
  return [...ranked.map((one) => one.name), ...known].slice(0, TARGETS_SHOWN);
}

const FAR = 9;

/** Whoever is not talked to yet; rooms are joined first. */
function isKnownFor(name: string, text: string): boolean {
  return !isRoomName(name) && nameKey(name).startsWith(text);
}

function rankOf(conversation: Conversation, text: string): number {
  const names = [conversation.name.replace(/^#/, ''), conversation.name, conversation.displayName];
  return Math.min(...names.map((name) => rankOfName(nameKey(name), text)));
}

function rankOfName(name: string, text: string): number {
  if (name.startsWith(text)) return 0;
  if (name.split(/[\s\-_.]+/).some((word) => word.startsWith(text))) return 1;
  if (name.includes(text)) return 2;
  let at = 0;
  for (const letter of text) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return FAR;
  }
  return 3;
}
