import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { ChatLog } from './chat-log.ts';
import { randomLog } from './random-operations.ts';

function applyAll(entries: readonly LogEntry[]): ChatState {
  const state = new ChatState();
  for (const entry of entries) state.apply(entry);
  return state;
}

function restoredFrom(entries: readonly LogEntry[], snapshotOp: number): ChatState {
  const covered = entries.slice(0, snapshotOp);
  const tables = applyAll(covered).snapshot();
  const state = ChatState.restore(tables, snapshotOp);
  for (const entry of covered) state.replayHistory(entry);
  expect(state.differenceFrom(tables)).toBe('');
  return state;
}

describe('the snapshot', () => {
  it('with the log it covers replayed, leads to the state that applying everything leads to', () => {
    fc.assert(
      fc.property(randomLog, fc.nat(), (entries, cut) => {
        const snapshotOp = cut % (entries.length + 1);
        const whole = applyAll(entries.slice(0, snapshotOp));
        const restored = restoredFrom(entries, snapshotOp);
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
        const restored = restoredFrom(entries, entries.length >> 1);
        for (const entry of entries.slice(entries.length >> 1)) restored.apply(entry);
        expect(restored.snapshot()).toEqual(applyAll(entries).snapshot());
      }),
      { seed: 1538, numRuns: 100 },
    );
  });

  it('is replayed as well from a log in which the texts of deleted messages are removed', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    log.deleteMessage(ana, log.send(ana, bo, 'a secret'));
    log.send(ana, bo, 'no secret');
    const compacted = log.entries.map((entry) =>
      entry.body === 'a secret' ? { ...entry, body: '', removedDigest: 'f'.repeat(64) } : entry,
    );
    const restored = ChatState.restore(log.state.snapshot(), compacted.length);
    for (const entry of compacted) restored.replayHistory(entry);
    expect(restored.fingerprint()).toBe(log.state.fingerprint());
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
      { position: '4', id: 'message-2', from: 'bo', to: 'Ana', at: '1700000004000', body: 'unread' },
      expect.objectContaining({ position: '8', to: 'cy', body: 'for another' }),
      expect.objectContaining({ position: '9', to: 'Ana', body: 'unread too' }),
    ]);
  });

  it('that does not belong to the log is told from one that does', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    log.send(ana, bo, 'hello');
    const tables = log.state.snapshot();
    const changed = tables.map((table) =>
      table.name === 'queued_messages' ? { ...table, rows: table.rows.map((row) => row.with(5, 'goodbye')) } : table,
    );
    const replayed = (from: typeof tables) => {
      const state = ChatState.restore(from, 3);
      for (const entry of log.entries) state.replayHistory(entry);
      return state.differenceFrom(from);
    };
    expect(replayed(tables)).toBe('');
    expect(replayed(changed)).toContain('Row 1 of the table queued_messages');
    const withoutBo = tables.map(({ rows, ...table }) => ({
      ...table,
      rows: table.name === 'queued_messages' ? [] : rows.filter((row) => row[0] !== bo),
    }));
    expect(replayed(withoutBo)).toContain('Account 2');
  });

  it('is refused when a table is missing or has other columns', () => {
    const tables = new ChatLog().state.snapshot();
    expect(() => ChatState.restore(tables.slice(1), 0)).toThrow('user_table');
    const renamed = tables.map((table) => ({ ...table, columns: table.columns.with(0, 'other') }));
    expect(() => ChatState.restore(renamed, 0)).toThrow('the columns of user_table');
  });

  it('has to have its log replayed, whole and in order, before anything is applied', () => {
    const log = new ChatLog();
    log.create('ana');
    log.create('bo');
    const restored = ChatState.restore(log.state.snapshot(), 2);
    log.pass(1);
    expect(() => restored.apply(log.entries[2]!)).toThrow('to be replayed first');
    expect(() => restored.replayHistory(log.entries[1]!)).toThrow('entry 1 is to be replayed');
    expect(() => restored.replayHistory(log.entries[2]!)).toThrow('above the snapshot');
  });
});
