import { describe, expect, it } from 'vitest';
import { withoutPassword } from '../../../shared/account-body.ts';
import type { AccountId } from '../../../shared/ids.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { ChatLog, createOperation } from '../../state/chat-log.ts';
import { checkCompaction } from './compaction-checker.ts';

/** Ana writes two messages to bo and deletes the second one, bo leaves: ops 1 to 6, then the compaction. */
function deletedAndLeft(): LogEntry[] {
  const log = new ChatLog();
  const [ana, bo] = [log.create('ana'), log.create('bo')];
  log.send(ana, bo, 'kept');
  log.deleteMessage(ana, log.send(ana, bo, 'deleted'));
  log.deleteAccount(bo);
  log.apply({ event: 'cluster:compact' });
  return log.entries;
}

const withBodies = (entries: readonly LogEntry[], bodies: Record<number, string>) => [
  { server: 'b', entries: entries.map((entry) => ({ ...entry, body: bodies[entry.op] ?? entry.body })) },
];

describe('the check of what compaction left', () => {
  const entries = deletedAndLeft();
  const right = { 2: withoutPassword(entries[1]!.body), 4: '' };

  it('finds nothing wrong with what is to be there', () => {
    expect(checkCompaction(entries, withBodies(entries, right), 7)).toBeNull();
  });

  it.each([
    ['a deleted text that is still there', { ...right, 4: 'deleted' }, 'op 4'],
    ['a text that nobody deleted and is gone', { ...right, 3: '' }, 'op 3'],
    ['a deleted account’s password', { ...right, 2: entries[1]!.body }, 'op 2'],
    ['a name that is still shown and is gone', { ...right, 2: '' }, 'op 2'],
    ['a present account’s password that is gone', { ...right, 1: withoutPassword(entries[0]!.body) }, 'op 1'],
  ])('finds %s', (_, bodies, where) => {
    expect(checkCompaction(entries, withBodies(entries, bodies), 7)).toContain(where);
  });

  it('wants nothing removed that was deleted after it was decided', () => {
    const log = new ChatLog();
    const ana = log.create('ana') as AccountId;
    const id = log.send(ana, ana, 'deleted late');
    log.apply({ event: 'cluster:compact' });
    log.deleteMessage(ana, id);
    expect(checkCompaction(log.entries, withBodies(log.entries, {}), 3)).toBeNull();
    expect(checkCompaction(log.entries, withBodies(log.entries, { 2: '' }), 3)).toContain('op 2');
  });

  it('finds two accounts of one name', () => {
    const log = new ChatLog();
    log.create('ana');
    log.apply(createOperation('ana'));
    expect(checkCompaction(log.entries, withBodies(log.entries, {}), 0)).toContain('op 2 creates an account');
  });
});
