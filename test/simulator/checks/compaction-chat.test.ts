import { describe, expect, it } from 'vitest';
import { withoutPassword } from '../../../shared/account-body.ts';
import { checkCompaction } from './compaction-checker.ts';
import { Recording } from './recording.ts';

/** What can be left without a body, each in one of its ways; the places of the rows by name. */
function lived() {
  const run = new Recording();
  const at = {
    ana: run.create('a', 'ana'),
    bo: run.create('b', 'bo'),
    edited: run.send('a', 'bo', 'one'),
    editedAway: run.done('a', 'message:edit', { id: 'm3', body: 'two' }),
    edit: run.done('a', 'message:edit', { id: 'm3', body: 'three' }),
    reaction: run.done('b', 'message:react', { id: 'm3', reaction: '+1' }),
    reactionToGone: 0,
    oldName: run.done('a', 'account:profile', { displayName: 'Ana' }),
    name: run.done('a', 'account:profile', { displayName: 'Ana A.' }),
    oldPassword: run.done('a', 'account:password', { account: 'ana', password: 'secret', newPassword: 'second' }),
    password: run.done('a', 'account:password', { account: 'ana', password: 'second', newPassword: 'third' }),
    room: run.done('a', 'room:create', { room: '#den', topic: 'tea' }),
    oldTopic: run.done('a', 'room:topic', { room: '#den', topic: 'coffee' }),
    topic: run.done('a', 'room:topic', { room: '#den', topic: 'milk' }),
    inRoom: run.send('a', '#den', 'kept'),
    formerRoom: run.done('b', 'room:create', { room: '#hall', topic: 'none' }),
    inFormerRoom: run.send('b', '#hall', 'gone with the room'),
    end: 0,
  };
  at.reactionToGone = run.done('b', 'message:react', { id: 'm17', reaction: 'wow' });
  at.end = run.done('b', 'room:leave', { room: '#hall' });
  run.log({ event: 'cluster:compact' });
  return { entries: run.entries, at };
}

describe('the check of what compaction left of rooms, changes and accounts', () => {
  const { entries, at } = lived();
  const bodyAt = (op: number) => entries[op - 1]!.body;
  const withoutTopic = JSON.stringify({ name: '#den', nameKey: '#den' });
  const right: Record<number, string> = {
    [at.ana]: withoutPassword(bodyAt(at.ana)),
    ...Object.fromEntries(
      [
        ...[at.edited, at.editedAway, at.oldName, at.oldPassword, at.oldTopic],
        ...[at.formerRoom, at.inFormerRoom, at.reactionToGone],
      ].map((op) => [op, '']),
    ),
    [at.room]: withoutTopic,
  };
  const check = (bodies: Record<number, string>) => {
    const stored = entries.map((entry) => ({ ...entry, body: bodies[entry.op] ?? entry.body }));
    return checkCompaction(entries, [{ server: 'b', entries: stored }], entries.length);
  };

  it('finds nothing wrong with what is to be there', () => {
    expect(check(right)).toBeNull();
  });

  it.each(Object.entries(right))('finds that the body of op %s was not removed', (op) => {
    expect(check({ ...right, [op]: bodyAt(Number(op)) })).toContain(`at op ${op},`);
  });

  it.each([at.edit, at.reaction, at.name, at.password, at.topic, at.inRoom, at.bo])(
    'finds that the body of op %s was removed, and is needed',
    (op) => {
      expect(check({ ...right, [op]: '' })).toContain(`at op ${op},`);
    },
  );
});
