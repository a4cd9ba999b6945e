import type { Outcome } from '../../shared/operations.ts';
import type { ChatReader } from '../state/reader.ts';
import { firstWord, secondWord } from '../state/subjects.ts';
import type { Submission } from './engine.ts';

/** A subject as it stands in the log, or why there is none. */
export type Resolved = { subject: string } | { refused: Exclude<Outcome['refused'], ''> };

/**
 * Turns the names of accounts and rooms in a submission's subject into ids; see `Submission.subject`. With nobody logged in, nobody is told
 * whether there is an account or a room of a name.
 */
export function resolveSubject(
  chat: ChatReader,
  { event, account, subject }: Pick<Submission, 'event' | 'account' | 'subject'>,
): Resolved {
  if (event === 'document:set' || event === 'document:delete') return { subject };
  if (account === '' && event !== 'account:create') return { refused: 'not-logged-in' };
  switch (event) {
    case 'account:create':
    case 'room:create':
      // The name is in the body, where compaction can remove it.
      return { subject: '' };
    case 'message:send': {
      const [to, replied] = [firstWord(subject), secondWord(subject)];
      const end = to.startsWith('#') ? roomNamed(chat, to) : accountNamed(chat, to);
      return 'refused' in end || replied === '' ? end : { subject: `${end.subject} ${replied}` };
    }
    case 'account:block':
    case 'account:unblock':
      return accountNamed(chat, subject);
    case 'room:join':
    case 'room:leave':
    case 'room:topic':
    case 'room:delete':
      return roomNamed(chat, subject);
    case 'room:remove':
    case 'room:readmit': {
      const room = roomNamed(chat, firstWord(subject));
      const account = accountNamed(chat, secondWord(subject));
      if ('refused' in room || 'refused' in account) return 'refused' in room ? room : account;
      return { subject: `${room.subject} ${account.subject}` };
    }
    default:
      return { subject };
  }
}

function accountNamed(chat: ChatReader, username: string): Resolved {
  const account = chat.accountByName(username);
  return account ? { subject: account.id } : { refused: 'no-such-account' };
}

function roomNamed(chat: ChatReader, name: string): Resolved {
  const room = chat.roomByName(name);
  return room ? { subject: room.id } : { refused: 'no-such-room' };
}
