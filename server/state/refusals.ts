import type { EntryDraft, Outcome } from '../../shared/operations.ts';
import { type Accounts, readCreateBody } from './accounts.ts';
import type { MessageArchive } from './messages.ts';
import type { Sessions } from './sessions.ts';

/**
 * The code with which the state refuses an operation; empty when it takes effect. Asked twice: by the primary before
 * it appends, and again when the entry is applied, since entries between the two may have changed the answer.
 */
export function whyRefused(
  draft: EntryDraft,
  accounts: Accounts,
  sessions: Sessions,
  archive: MessageArchive,
): Outcome['refused'] {
  switch (draft.event) {
    case 'cluster:view':
    case 'cluster:complete':
    case 'cluster:compact':
    case 'message:received':
      return '';
    case 'account:create':
      return accounts.presentByNameKey(readCreateBody(draft).nameKey) === undefined ? '' : 'username-taken';
    case 'session:open':
      return accounts.present(draft.account) === undefined ? 'no-such-account' : '';
    default:
      if (accounts.present(draft.account) === undefined) return 'not-logged-in';
  }
  switch (draft.event) {
    case 'account:delete':
      return '';
    case 'session:close': {
      const session = sessions.find(draft.subject);
      if (session === undefined) return 'not-logged-in';
      return session.account === draft.account ? '' : 'forbidden';
    }
    case 'message:send':
      if (accounts.present(draft.subject) === undefined) return 'no-such-account';
      // Ids follow from client and request number, so this is a number reused after its first use was forgotten.
      return archive.find(draft.id) === undefined ? '' : 'forbidden';
    case 'message:delete': {
      const message = archive.find(draft.subject);
      if (message === undefined || archive.columns.deletedAtOp(message) > 0) return 'no-such-message';
      return archive.senderOf(message) === draft.account ? '' : 'forbidden';
    }
  }
}
