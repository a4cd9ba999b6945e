import type { AccountListing } from '../../shared/api.ts';
import { nameKey } from '../../shared/names.ts';
import type { Layout } from './layout.ts';
import type { Conversation } from './model.ts';
import { safeLine } from './safe-lines.ts';
import { senderName } from './sender-names.ts';
import { type Line, span, spread } from './spans.ts';
import { padText } from './text-width.ts';
import { count } from './words.ts';

/** Who is in the open room, those that are online first; exactly as many rows as the body has. */
export function memberLines(layout: Layout, conversation: Conversation): Line[] {
  const { memberWidth, bodyRows } = layout;
  const { members, room } = conversation;
  const owner = nameKey(room?.owner ?? '');
  const ordered = [...(members?.list ?? [])].sort(byPresence);
  const online = ordered.filter((one) => one.online).length;
  const hasAll = members?.state === 'whole';
  const number = hasAll ? ordered.length : (room?.members ?? ordered.length);
  const title = `${count(number, 'member')}${hasAll ? `, ${online} online` : ''}`;
  const shown = ordered.slice(0, bodyRows - 1).map((one): Line => {
    const mark = owner !== '' && nameKey(one.username) === owner ? ' *' : '';
    const name = span(`${safeLine(one.username)}${mark}`, one.online ? 'plain' : 'dim');
    const shownAs = senderName(conversation, one.username);
    const also = shownAs === safeLine(one.username) ? [] : [span(` ${shownAs}`, 'dim')];
    return spread([one.online ? span(' ● ', 'good') : span(' ○ ', 'dim'), name, ...also], [], memberWidth);
  });
  const hidden = number - shown.length;
  const lines: Line[] = [[span(padText(` ${title}`, memberWidth), 'dim')], ...shown];
  if (hidden > 0 && shown.length > 1)
    lines[lines.length - 1] = [span(padText(` ${hidden + 1} more: /members`, memberWidth), 'dim')];
  const empty = Array.from(
    { length: Math.max(0, bodyRows - lines.length) },
    (): Line => [span(' '.repeat(memberWidth))],
  );
  return [...lines, ...empty].slice(0, bodyRows);
}

function byPresence(a: AccountListing, b: AccountListing): number {
  if (a.online !== b.online) return a.online ? -1 : 1;
  const [first, second] = [nameKey(a.username), nameKey(b.username)];
  return first < second ? -1 : first > second ? 1 : 0;
}
