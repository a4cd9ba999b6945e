import { assert } from './assert.ts';
import type { EntryDraft } from './operations.ts';

/** What the body of an `account:create` entry says. */
export interface AccountBody {
  username: string;
  nameKey: string;
  /** Empty once compaction has removed it. */
  passwordHash: string;
}

/** The body of an `account:create` entry, for {@link readAccountBody}. */
export function accountBody({ username, nameKey, passwordHash }: AccountBody): string {
  return JSON.stringify({ username, nameKey, passwordHash });
}

/** What compaction leaves of the body of a deleted account whose name is still shown. */
export function withoutPassword(body: string): string {
  const { username, nameKey } = parse(body);
  return JSON.stringify({ username, nameKey });
}

/** What an `account:create` entry says, or what compaction has left of it: of a removed body all is empty. */
export function readAccountBody(entry: Pick<EntryDraft, 'body' | 'subject'>): AccountBody {
  if (entry.body === '') return { username: '', nameKey: '', passwordHash: '' };
  // Logs of earlier versions have the name in the subject.
  const { username = entry.subject, nameKey, passwordHash = '' } = parse(entry.body);
  assert(
    typeof username === 'string' && typeof nameKey === 'string' && typeof passwordHash === 'string',
    'the body of account:create is {"username":…,"nameKey":…,"passwordHash":…}',
  );
  return { username, nameKey, passwordHash };
}

/** The primary makes the body, so what is no JSON object is a bug of this program. */
function parse(body: string): Partial<Record<keyof AccountBody, unknown>> {
  const parsed: unknown = JSON.parse(body);
  assert(typeof parsed === 'object' && parsed !== null, 'the body of account:create is a JSON object');
  return parsed;
}
