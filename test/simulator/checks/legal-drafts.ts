import type { ChatState } from '../../../server/state/chat-state.ts';
import { nameKey } from '../../../shared/names.ts';
import type { EntryDraft } from '../../../shared/operations.ts';
import { createOperation } from '../../state/chat-log.ts';
import type { Asked } from './random-client.ts';

/** What a primary knows when a request reaches its log. */
export interface Judge {
  state: ChatState;
  /** By the account's id. */
  passwords: ReadonlyMap<string, string>;
}

type Columns = Pick<EntryDraft, 'id' | 'subject' | 'body'>;
const NO_COLUMNS: Columns = { id: '', subject: '', body: '' };

/** @returns the operation that a request of a legal run becomes, or the code with which it is refused before the log */
export function draftOf(
  judge: Judge,
  { event, ask, call }: Asked,
  asker: Pick<EntryDraft, 'client' | 'request' | 'account'> & { session: string },
): EntryDraft | string {
  const { session, ...common } = asker;
  const whole = (columns: Partial<Columns>) =>
    ({ ...common, event: event as EntryDraft['event'], asked: '', ...NO_COLUMNS, ...columns }) satisfies EntryDraft;
  const text = (field: string) => String(ask[field] ?? '');
  const isRight = judge.passwords.get(common.account) === ask.password;
  switch (event) {
    case 'account:create':
      return { ...whole({}), ...createOperation(text('username')), account: '' };
    case 'session:open': {
      const found = judge.state.accountByName(text('username'));
      return found && judge.passwords.get(found.id) === ask.password
        ? { ...whole({}), account: found.id }
        : 'wrong-password';
    }
    case 'account:delete':
      return isRight ? whole({}) : 'wrong-password';
    case 'account:password':
      return isRight ? whole({ subject: session, body: `plain ${text('newPassword')}` }) : 'wrong-password';
    case 'session:close':
      return whole({ subject: session });
    case 'document:set':
    case 'document:delete':
      return { ...whole({ subject: text('key'), body: text('value') }), account: '' };
    case 'account:profile':
      return whole({ body: text('displayName') });
    case 'account:block':
    case 'account:unblock': {
      const other = judge.state.accountByName(text('username'));
      if (!other) return 'no-such-account';
      return other.id === common.account ? 'bad-request' : whole({ subject: other.id });
    }
    default:
      return event.startsWith('room:') ? roomColumns() : messageColumns();
  }

  function messageColumns(): EntryDraft | string {
    if (event !== 'message:send') return whole({ subject: text('id'), body: text('body') || text('reaction') });
    const to = text('to');
    const end = to.startsWith('#') ? judge.state.roomByName(to)?.id : judge.state.accountByName(to)?.id;
    if (end === undefined) return to.startsWith('#') ? 'no-such-room' : 'no-such-account';
    return whole({ id: `m${call}`, subject: `${end} ${text('replyTo')}`.trimEnd(), body: text('body') });
  }

  function roomColumns(): EntryDraft | string {
    const name = text('room');
    if (event === 'room:create')
      return whole({ body: JSON.stringify({ name, nameKey: nameKey(name), topic: text('topic') }) });
    const room = judge.state.roomByName(name)?.id;
    if (room === undefined) return 'no-such-room';
    if (event !== 'room:remove' && event !== 'room:readmit') return whole({ subject: room, body: text('topic') });
    const other = judge.state.accountByName(text('username'))?.id;
    return other === undefined ? 'no-such-account' : whole({ subject: `${room} ${other}` });
  }
}
