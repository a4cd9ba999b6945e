import { nameKey } from '../../shared/names.ts';
import type { Conversation, Members } from './model.ts';
import { safeLine } from './safe-lines.ts';

/** What stands beside one's own messages. */
export const OWN_NAME = 'you';

const ofMembers = new WeakMap<Members, ReadonlyMap<string, string>>();

/**
 * The name that stands beside somebody's messages: the display name where it is known, else the username. A display name that another member
 * has as a username, or that is how one's own messages are marked, is not shown: whoever took it could be mistaken for somebody else.
 */
export function senderName({ key, displayName, members }: Conversation, username: string): string {
  const sender = nameKey(username);
  if (members) return displayNames(members).get(sender) ?? safeLine(username);
  const shown = sender === key ? safeLine(displayName) : '';
  return shown === '' || nameKey(shown) === OWN_NAME ? safeLine(username) : shown;
}

/** By the key of the username. */
function displayNames(members: Members): ReadonlyMap<string, string> {
  const known = ofMembers.get(members);
  if (known) return known;
  const taken = new Set([OWN_NAME, ...members.list.map(({ username }) => nameKey(username))]);
  const names = new Map<string, string>();
  for (const { username, displayName = '' } of members.list) {
    const own = nameKey(username);
    const shown = safeLine(displayName);
    if (shown !== '' && (nameKey(shown) === own || !taken.has(nameKey(shown)))) names.set(own, shown);
  }
  ofMembers.set(members, names);
  return names;
}
