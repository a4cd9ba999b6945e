import { readAccountBody } from '../../shared/account-body.ts';
import type { AccountId } from '../../shared/ids.ts';
import {
  BLOCKS_PER_ACCOUNT,
  DOCUMENTS_MAX_BYTES,
  REACTIONS_PER_MESSAGE,
  ROOM_MEMBERS_MAX,
  ROOMS_PER_ACCOUNT,
} from '../../shared/limits.ts';
import type { EntryDraft, Outcome } from '../../shared/operations.ts';
import { readRoomBody } from '../../shared/room-body.ts';
import type { ChatParts } from './chat-parts.ts';
import { bytesTaken } from './documents.ts';
import type { Room } from './rooms.ts';
import { firstWord, secondWord } from './subjects.ts';

type Refused = Outcome['refused'];

/**
 * The code with which the state refuses an operation; empty when it takes effect. Asked twice: by the primary before
 * it appends, and again when the entry is applied, since entries between the two may have changed the answer. It depends on no body that compaction
 * may have removed, but for the names that accounts and rooms are created with.
 */
export function whyRefused(draft: EntryDraft, parts: ChatParts): Refused {
  switch (draft.event) {
    case 'cluster:view':
    case 'cluster:complete':
    case 'cluster:compact':
    case 'message:received':
    case 'conversation:read':
    // Documents are everybody's.
    case 'document:set':
    case 'document:delete':
      return '';
    case 'request:refused':
      return draft.subject as Refused;
    case 'account:create':
      // The primary appends none whose name may be taken by then. One whose name was removed since did take effect.
      return parts.accounts.presentByNameKey(readAccountBody(draft).nameKey) === undefined ? '' : 'username-taken';
    case 'session:open':
      return parts.accounts.present(draft.account) === undefined ? 'no-such-account' : '';
    default:
      return parts.accounts.present(draft.account) === undefined ? 'not-logged-in' : ofLoggedIn(draft, parts);
  }
}

/**
 * What the primary refuses besides, before it appends. What is in the log by then takes effect: the texts of reactions and the values of documents, which this
 * depends on, may be gone when it is applied again.
 *
 * @param documentBytesUnderWay what the documents take that are in the log, or on their way into it, and not applied
 */
export function whyNotAppended(draft: EntryDraft, parts: ChatParts, documentBytesUnderWay: number): Refused {
  if (draft.event === 'document:set') return ofDocument(draft, parts, documentBytesUnderWay);
  if (draft.event !== 'message:react') return '';
  const { archive, reactions } = parts;
  const shown = reactions.shownAt(archive.find(draft.subject)!);
  const isNew = !shown.some(({ text }) => text === draft.body);
  return isNew && shown.length >= REACTIONS_PER_MESSAGE ? 'limit-reached' : '';
}

/** The document that it replaces gives its place up only when it is applied. */
function ofDocument({ subject, body }: EntryDraft, { documents }: ChatParts, bytesUnderWay: number): Refused {
  const before = documents.find(subject);
  const others = documents.bytes - (before?.bytes ?? 0);
  return others + bytesUnderWay + bytesTaken(body) > DOCUMENTS_MAX_BYTES ? 'limit-reached' : '';
}

function ofLoggedIn(draft: EntryDraft, parts: ChatParts): Refused {
  const account = draft.account as AccountId;
  switch (draft.event) {
    // Of two that change the password at once, each having given the old one, the later is logged out by the other.
    case 'account:password':
    case 'session:close': {
      const session = parts.sessions.find(draft.subject);
      if (session === undefined) return 'not-logged-in';
      return session.account === account ? '' : 'forbidden';
    }
    case 'account:block':
    case 'account:unblock':
      return ofBlock(draft, account, parts);
    case 'message:send':
      return ofSend(draft, account, parts);
    case 'message:edit':
    case 'message:delete':
    case 'message:react':
    case 'message:unreact':
      return ofChange(draft, account, parts);
    case 'room:create':
    case 'room:join':
      return ofJoining(draft, account, parts);
    case 'room:leave':
    case 'room:topic':
    case 'room:remove':
    case 'room:readmit':
    case 'room:delete':
      return ofMember(draft, account, parts);
    default:
      return '';
  }
}

function ofBlock({ event, subject }: EntryDraft, account: AccountId, { accounts, blocks }: ChatParts): Refused {
  if (accounts.present(subject) === undefined) return 'no-such-account';
  if (event === 'account:unblock') return '';
  if (subject === account) return 'forbidden';
  const blocked = blocks.of(account);
  return blocked.size >= BLOCKS_PER_ACCOUNT && !blocked.has(subject as AccountId) ? 'limit-reached' : '';
}

function ofSend(draft: EntryDraft, account: AccountId, { accounts, rooms, blocks, archive }: ChatParts): Refused {
  const to = firstWord(draft.subject) as AccountId;
  if (accounts.present(to) !== undefined) {
    if (blocks.isBetween(account, to)) return 'blocked';
  } else {
    const room = rooms.find(to);
    if (room === undefined) return 'no-such-account';
    if (!room.members.has(account)) return 'not-a-member';
  }
  // Ids follow from client and request number, so this is a number reused after its first use was forgotten.
  return archive.find(draft.id) === undefined ? '' : 'forbidden';
}

function ofChange({ event, subject }: EntryDraft, account: AccountId, parts: ChatParts): Refused {
  const { archive, rooms } = parts;
  const message = archive.find(subject);
  if (message === undefined || archive.columns.deletedAtOp(message) > 0) return 'no-such-message';
  const isOwn = archive.senderOf(message) === account;
  const end = archive.endOf(message);
  const room = rooms.find(end);
  if (event === 'message:delete') return isOwn || room?.owner === account ? '' : 'forbidden';
  if (event === 'message:edit' && !isOwn) return 'forbidden';
  if (room !== undefined) return room.members.has(account) ? '' : 'not-a-member';
  if (!isOwn && end !== account) return 'no-such-message';
  const other = isOwn ? (end as AccountId) : archive.senderOf(message);
  // What was given can always be taken back.
  if (event === 'message:unreact') return '';
  if (parts.accounts.present(other) === undefined) return 'no-such-account';
  return parts.blocks.isBetween(account, other) ? 'blocked' : '';
}

function ofJoining(draft: EntryDraft, account: AccountId, { rooms }: ChatParts): Refused {
  const isFull = rooms.of(account).size >= ROOMS_PER_ACCOUNT;
  // As for accounts: the primary appends no second one of the same name.
  if (draft.event === 'room:create') {
    if (rooms.byNameKey(readRoomBody(draft).nameKey) !== undefined) return 'room-taken';
    return isFull ? 'limit-reached' : '';
  }
  const room = rooms.find(draft.subject);
  if (room === undefined) return 'no-such-room';
  if (room.members.has(account)) return '';
  if (room.removed.has(account)) return 'forbidden';
  return isFull || room.members.size >= ROOM_MEMBERS_MAX ? 'limit-reached' : '';
}

function ofMember({ event, subject }: EntryDraft, account: AccountId, parts: ChatParts): Refused {
  const room = parts.rooms.find(firstWord(subject));
  if (room === undefined) return 'no-such-room';
  if (!room.members.has(account)) return 'not-a-member';
  if (event === 'room:leave') return '';
  if (room.owner !== account) return 'forbidden';
  const isAboutAnother = event === 'room:remove' || event === 'room:readmit';
  return isAboutAnother ? ofRemoving(event, secondWord(subject) as AccountId, room, parts) : '';
}

function ofRemoving(event: EntryDraft['event'], other: AccountId, room: Room, { accounts }: ChatParts): Refused {
  if (accounts.present(other) === undefined) return 'no-such-account';
  if (event === 'room:readmit') return '';
  if (other === room.owner) return 'forbidden';
  return room.members.has(other) ? '' : 'not-a-member';
}
