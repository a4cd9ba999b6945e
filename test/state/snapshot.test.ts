import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { ChatLog, restoredFrom, tablesOf } from './chat-log.ts';
import { randomLog } from './random-operations.ts';

function applyAll(entries: readonly LogEntry[]): ChatState {
  const state = new ChatState();
  for (const entry of entries) state.apply(entry);
  return state;
}

function restartedAt(entries: readonly LogEntry[], snapshotOp: number): ChatState {
  return restoredFrom(applyAll(entries.slice(0, snapshotOp)), []);
}

describe('the snapshot', () => {
  it('with the index of messages leads to the state that applying everything leads to', () => {
    fc.assert(
      fc.property(randomLog, fc.nat(), (entries, cut) => {
        const snapshotOp = cut % (entries.length + 1);
        const whole = applyAll(entries.slice(0, snapshotOp));
        const restored = restartedAt(entries, snapshotOp);
        expect(restored.fingerprint()).toBe(whole.fingerprint());
        for (const entry of entries.slice(snapshotOp)) expect(restored.apply(entry)).toEqual(whole.apply(entry));
        expect(restored.fingerprint()).toBe(whole.fingerprint());
      }),
      { seed: 1538, numRuns: 600 },
    );
  });

  it('can be made from a state that was itself restored', () => {
    fc.assert(
      fc.property(randomLog, (entries) => {
        const restored = restartedAt(entries, entries.length >> 1);
        for (const entry of entries.slice(entries.length >> 1)) restored.apply(entry);
        expect(tablesOf(restored, entries)).toEqual(tablesOf(applyAll(entries), entries));
      }),
      { seed: 1538, numRuns: 100 },
    );
  });

  it('lists users with tombstones, open sessions, and what nobody has received yet', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('Ana'), log.create('bo')];
    log.send(bo, ana, 'read');
    log.send(bo, ana, 'unread');
    log.receive(`${ana}=3`);
    log.deleteAccount(bo);
    const cy = log.create('cy');
    log.send(ana, cy, 'for another');
    log.send(cy, ana, 'unread too');
    expect(log.table('user_table')).toEqual([
      expect.objectContaining({ account: '1', username: 'Ana', name_key: 'ana', received: '3', deleted_at_op: '' }),
      expect.objectContaining({ account: '2', username: 'bo', password_hash: '', deleted_at_op: '6' }),
      expect.objectContaining({ username: 'cy' }),
    ]);
    expect(log.table('sessions')).toEqual([
      { session: '1', account: '1', opened_at: '1700000001000' },
      { session: '7', account: '7', opened_at: '1700000007000' },
    ]);
    expect(log.table('queued_messages')).toEqual([
      {
        position: '4',
        id: 'message-2',
        from: 'bo',
        to: 'Ana',
        at: '1700000004000',
        body: 'unread',
        room: '',
        text_op: '4',
      },
      expect.objectContaining({ position: '8', to: 'cy', body: 'for another' }),
      expect.objectContaining({ position: '9', to: 'Ana', body: 'unread too' }),
    ]);
  });

  it('is refused when a table is missing or has other columns', () => {
    const tables = new ChatLog().state.snapshot();
    expect(() => ChatState.restore(tables.slice(1), 0)).toThrow('user_table');
    const renamed = tables.map((table) => ({ ...table, columns: table.columns.with(0, 'other') }));
    expect(() => ChatState.restore(renamed, 0)).toThrow('the columns of user_table');
  });
});
