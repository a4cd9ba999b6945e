import { nameKey } from '../../../shared/names.ts';
import { askedText, type Call } from './calls.ts';
import type { CommittedHistory } from './committed-history.ts';
import { endNamed } from './committed-pages.ts';
import {
  areBlockedAt,
  goneAtOp,
  isConcerned,
  isPresentAt,
  isRoom,
  type LoggedAccount,
  type LoggedRoom,
  spanAt,
} from './logged.ts';

/** What of a state speaks against a request, in the codes of refusals. */
interface Judgement {
  readonly by: LoggedAccount;
  readonly position: number;
  readonly history: CommittedHistory;
  readonly call: Call;
}

/** The codes with which a server at that position may refuse what the account asks; only those that tell of accounts, rooms and messages. */
export function refusalsAt(judgement: Judgement): ReadonlySet<string> {
  const { event } = judgement.call;
  if (event === 'message:send') return new Set(againstSending(judgement));
  if (event === 'message:history' || event === 'message:search') return new Set(againstReading(judgement));
  if (event === 'message:get') return new Set(againstMessage(judgement, false));
  if (event.startsWith('message:'))
    return new Set(againstMessage(judgement, event === 'message:edit' || event === 'message:react'));
  if (event.startsWith('room:')) return new Set(againstRoom(judgement));
  const other = accountNamed(judgement);
  return new Set(other ? [] : ['no-such-account']);
}

function accountNamed({ call, position, history }: Judgement): LoggedAccount | undefined {
  return history.accountAt(nameKey(askedText(call, 'username') ?? ''), position);
}

function againstSending({ call, by, position, history }: Judgement): string[] {
  const key = nameKey(askedText(call, 'to') ?? '');
  if (!key.startsWith('#')) {
    const to = history.accountAt(key, position);
    return to ? againstWriting(by, by, to, position) : ['no-such-account'];
  }
  const room = history.roomAt(key, position);
  return room ? againstWriting(by, by, room, position) : ['no-such-room'];
}

function againstWriting(
  by: LoggedAccount,
  from: LoggedAccount,
  to: LoggedAccount | LoggedRoom,
  position: number,
): string[] {
  if (isRoom(to)) return spanAt(to.stays, by, position) ? [] : ['not-a-member'];
  const isThere = isPresentAt(from, position) && isPresentAt(to, position);
  return [...(isThere ? [] : ['no-such-account']), ...(areBlockedAt(from, to, position) ? ['blocked'] : [])];
}

function againstReading({ call, by, position, history }: Judgement): string[] {
  const name = askedText(call, 'with');
  if (name === undefined || endNamed(history, by, nameKey(name), position)) return [];
  if (!name.startsWith('#')) return ['no-such-account'];
  return [history.roomAt(nameKey(name), position) ? 'not-a-member' : 'no-such-room'];
}

function againstMessage({ call, by, position, history }: Judgement, isWriting: boolean): string[] {
  const message = history.messages.get(askedText(call, 'id') ?? '');
  if (!message || message.position > position || goneAtOp(message) <= position) return ['no-such-message'];
  const { from, to } = message;
  const isOwner = isRoom(to) && to.owner.at(position) === by;
  const mayNot = from !== by && (call.event === 'message:edit' || (call.event === 'message:delete' && !isOwner));
  const isAway = !isConcerned(by, message, position);
  return [
    ...(mayNot ? ['forbidden'] : []),
    ...(isAway ? ['no-such-message'] : []),
    ...(isAway && isRoom(to) && call.event !== 'message:delete' ? ['not-a-member'] : []),
    ...(isWriting ? againstWriting(by, from, to, position) : []),
  ];
}

function againstRoom(judgement: Judgement): string[] {
  const { call, by, position, history } = judgement;
  if (call.event === 'room:list') return [];
  const room = history.roomAt(nameKey(askedText(call, 'room') ?? ''), position);
  if (call.event === 'room:create') return room ? ['room-taken'] : [];
  const withMember = call.event === 'room:remove' || call.event === 'room:readmit';
  const other = withMember ? accountNamed(judgement) : undefined;
  const noOther = withMember && !other ? ['no-such-account'] : [];
  if (!room) return ['no-such-room', ...noOther];
  const isOwner = room.owner.at(position) === by;
  const isMember = spanAt(room.stays, by, position) !== undefined;
  switch (call.event) {
    case 'room:join':
      return !isMember && spanAt(room.bans, by, position) ? ['forbidden'] : [];
    case 'room:members':
      return [];
    case 'room:leave':
      return isMember ? [] : ['not-a-member'];
    case 'room:remove': {
      const isOtherThere = other !== undefined && spanAt(room.stays, other, position) !== undefined;
      const mayNot = isOwner ? (other === by ? ['forbidden'] : []) : ['forbidden', 'not-a-member'];
      return [...noOther, ...mayNot, ...(isOtherThere ? [] : ['not-a-member'])];
    }
    default:
      return [...noOther, ...(isOwner ? [] : ['forbidden', ...(isMember ? [] : ['not-a-member'])])];
  }
}
