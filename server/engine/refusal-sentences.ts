import { type ChatError, refusal } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import {
  BLOCKS_PER_ACCOUNT,
  DOCUMENTS_MAX_BYTES,
  REACTIONS_PER_MESSAGE,
  ROOM_MEMBERS_MAX,
  ROOMS_PER_ACCOUNT,
} from '../../shared/limits.ts';
import { nameKey } from '../../shared/names.ts';
import type { Outcome } from '../../shared/operations.ts';
import type { ChatReader } from '../state/reader.ts';
import { firstWord, secondWord } from '../state/subjects.ts';
import type { Submission } from './engine.ts';

type Asked = Pick<Submission, 'event' | 'account' | 'subject'>;
type Refused = Exclude<Outcome['refused'], ''>;

/**
 * In what words a request is refused by the state.
 *
 * @param asked names accounts and rooms as the client did
 */
export function refusalOf(refused: Refused, asked: Asked, chat: ChatReader): { ok: false; error: ChatError } {
  // Who knows a room by its id alone cannot tell that it was one, once it is gone.
  const isRoom = refused === 'no-such-account' && asked.event === 'message:send' && asked.subject.startsWith('#');
  const code = isRoom ? 'no-such-room' : refused;
  return refusal(code, SENTENCES[code](asked, chat));
}

const SENTENCES: Record<Refused, (asked: Asked, chat: ChatReader) => string> = {
  'no-such-account': noSuchAccount,
  'no-such-message': () => 'There is no such message; it may have been deleted before.',
  'no-such-room': ({ subject }) => `There is no room "${firstWord(subject)}"; check the name, or list the rooms.`,
  'username-taken': ({ subject }) => `The username "${subject}" is taken; choose another one, or log in.`,
  'room-taken': ({ subject }) => `There is a room "${subject}" already; join it, or choose another name.`,
  'not-a-member': notAMember,
  blocked,
  'limit-reached': limitReached,
  forbidden,
  'not-logged-in': () => 'Nobody is logged in here; log in first.',
};

function noSuchAccount({ event, subject }: Asked): string {
  if (event === 'message:edit' || event === 'message:react') {
    return 'The other account was deleted; in that conversation nothing can be changed any more.';
  }
  const isAboutMember = event === 'room:remove' || event === 'room:readmit';
  const name = isAboutMember ? secondWord(subject) : event === 'message:send' ? firstWord(subject) : subject;
  return `There is no account "${name}"; check the name, or list the accounts.`;
}

function notAMember({ event, account, subject }: Asked, chat: ChatReader): string {
  if (event.startsWith('message:') && event !== 'message:send') {
    return 'You are not a member of the room of that message; join it first.';
  }
  const name = firstWord(subject);
  const room = chat.roomByName(name);
  const isAboutAnother = event === 'room:remove' && room && chat.isMember(account as AccountId, room.id);
  if (isAboutAnother) return `"${secondWord(subject)}" is not a member of "${name}"; list its members.`;
  return `You are not a member of "${name}"; join it first.`;
}

function blocked({ event, account, subject }: Asked, chat: ChatReader): string {
  if (event !== 'message:send')
    return 'One of you has blocked the other; until that ends, nothing can be changed here.';
  const name = firstWord(subject);
  const other = chat.accountByName(name);
  const isOwn = other !== undefined && chat.isBlocked(account as AccountId, other.id);
  return isOwn
    ? `You have blocked "${name}"; unblock the account before you write to it.`
    : `"${name}" takes no messages from you.`;
}

function limitReached({ event, subject }: Asked): string {
  const rooms = `You are a member of ${ROOMS_PER_ACCOUNT} rooms, and more are not possible; leave one first.`;
  switch (event) {
    case 'account:block':
      return `You block ${BLOCKS_PER_ACCOUNT} accounts, and more are not possible; unblock one first.`;
    case 'document:set':
      return `All documents together take at most ${DOCUMENTS_MAX_BYTES} bytes, and with this one they would take more; delete some first.`;
    case 'message:react':
      return `The message has ${REACTIONS_PER_MESSAGE} different reactions, and more are not possible; use one of them.`;
    case 'room:join':
      return `The room "${subject}" has ${ROOM_MEMBERS_MAX} members, or you are a member of ${ROOMS_PER_ACCOUNT} rooms; more are not possible, so wait, or leave a room.`;
    default:
      return rooms;
  }
}

function forbidden({ event, account, subject }: Asked, chat: ChatReader): string {
  const room = firstWord(subject);
  switch (event) {
    case 'message:delete':
      return 'Only its sender, or the owner of its room, can delete a message.';
    case 'message:edit':
      return 'Only its sender can edit a message.';
    case 'message:send':
      return 'The number of this request was used for another message; go on with new numbers.';
    case 'account:block':
      return 'You cannot block yourself; name another account.';
    case 'session:close':
      return 'That log-in is of another account; log out where you are logged in.';
    case 'room:join':
      return `You were removed from "${room}"; only its owner can let you in again.`;
    default: {
      const self = chat.account(account as AccountId);
      const isSelf = event === 'room:remove' && self && nameKey(self.username) === nameKey(secondWord(subject));
      if (isSelf) return `You own "${room}" and cannot be removed from it; leave it instead.`;
      return `Only its owner can do that in "${room}"; ask them.`;
    }
  }
}
