import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { TableClaims } from '../../server/storage/check-tables.ts';
import type { LogEntry, Table } from '../../shared/operations.ts';
import { ChatLog, tablesOf } from '../state/chat-log.ts';
import { randomLog } from '../state/random-operations.ts';

/** What tables say that the log does not. */
function differencesOf(tables: readonly Table[], entries: readonly LogEntry[]): string[] {
  const claims = new TableClaims();
  for (const { name, columns, rows } of tables) for (const row of [columns, ...rows]) claims.add(name, [...row]);
  const found: string[] = [];
  for (const entry of entries) claims.compare(entry, (clause) => found.push(clause));
  return [...found, ...claims.unfounded()];
}

function allTables(state: ChatState, entries: readonly LogEntry[]): Table[] {
  return [...tablesOf(state, entries), { ...MESSAGE_INDEX, rows: [...state.takeIndexRows().rows] }];
}

/** A room, an edit, a reaction, and settings. */
function someChat(): ChatLog {
  const log = new ChatLog();
  const [ana, bo] = [log.create('ana'), log.create('bo')];
  const room = log.createRoom(ana, '#tea', 'cups');
  log.join(bo, room);
  const id = log.send(ana, room, 'with a tpyo');
  log.edit(ana, id, 'without');
  log.react(bo, id, '+1');
  log.apply({ event: 'room:topic', account: ana, subject: room, body: 'pots' });
  log.apply({ event: 'account:profile', account: bo, body: 'Bo' });
  log.apply({ event: 'account:password', account: bo, subject: '2', body: 'hash' });
  return log;
}

describe('checking tables', () => {
  it('finds in the log what they come from, whatever was done', () => {
    const property = fc.property(randomLog, (entries) => {
      const state = new ChatState();
      for (const entry of entries) state.apply(entry);
      expect(differencesOf(allTables(state, entries), entries)).toEqual([]);
    });
    fc.assert(property, { seed: 1538, numRuns: 200 });
  });

  it.each([
    ['rooms', 'name', '#Tee', 'op 3'],
    ['rooms', 'first_topic_op', '7', 'op 7'],
    ['room_members', 'joined_at_op', '5', 'op 5'],
    ['reactions', 'reaction', '-1', 'op 7'],
    ['reactions', 'message', 'another', 'op 7'],
    ['user_table', 'profile_op', '8', 'op 8'],
    ['user_table', 'first_password_op', '99', 'op 99'],
    ['queued_messages', 'body', 'with a tpyo', 'op 6'],
    ['message_index', 'change', 'deleted', 'op 7'],
  ])('notices a row of %s with another %s', (name, column, value, words) => {
    const log = someChat();
    const changed = allTables(log.state, log.entries).map((table) => {
      if (table.name !== name) return table;
      const rows = table.rows.with(-1, table.rows.at(-1)!.with(table.columns.indexOf(column), value));
      return { ...table, rows };
    });
    expect(differencesOf(changed, log.entries)).toEqual([expect.stringContaining(`${name}.csv, line`)]);
    expect(differencesOf(changed, log.entries)[0]).toContain(words);
  });
});
