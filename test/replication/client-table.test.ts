import { describe, expect, it } from 'vitest';
import { ClientTable } from '../../server/replication/client-table.ts';
import type { ClientId } from '../../shared/ids.ts';
import { CLIENT_TABLE_ROWS, CLIENT_TABLE_UNUSED_MS, REQUESTS_IN_FLIGHT } from '../../shared/limits.ts';
import type { LogEntry, Outcome } from '../../shared/operations.ts';
import { entries } from '../support/replication-fixtures.ts';

const client = 'client' as ClientId;

function entryOf(more: Partial<LogEntry>): LogEntry {
  return { ...entries('0/1/a:1', [1])[0]!, ...more };
}

function outcome(position: number, refused: Outcome['refused'] = ''): Outcome {
  return { position, at: 1000 + position, refused };
}

/** A table in which the client's requests with these numbers were executed, one after the other. */
function tableAfter(...requests: number[]): ClientTable {
  const table = new ClientTable();
  for (const request of requests) table.record(entryOf({ request, asked: `asked${request}` }), outcome(request));
  return table;
}

describe('R18: exactly once', () => {
  it('a request that was executed is answered as it was', () => {
    const table = tableAfter(1, 2);
    expect(table.standing(client, 1, 'asked1', true)).toEqual({ type: 'executed', outcome: outcome(1) });
    expect(table.standing(client, 2, 'asked2', false)).toEqual({ type: 'executed', outcome: outcome(2) });
  });

  it('a refusal is remembered like any other answer', () => {
    const table = new ClientTable();
    table.record(entryOf({ request: 1, asked: 'a' }), outcome(1, 'username-taken'));
    expect(table.standing(client, 1, 'a', true)).toEqual({ type: 'executed', outcome: outcome(1, 'username-taken') });
  });

  it('that there was a document before is remembered, also in the table; tables of before know nothing of it', () => {
    const table = new ClientTable();
    const existed: Outcome = { ...outcome(1), existed: true };
    table.record(entryOf({ request: 1, asked: 'a' }), existed);
    table.record(entryOf({ request: 2, asked: 'b' }), outcome(2));
    const [cells] = table.snapshot().rows;
    expect(cells!.at(-1)).toBe('1/a/1/1001//existed 2/b/2/1002/');
    const restored = ClientTable.restore(table.snapshot());
    for (const one of [table, restored]) {
      expect(one.standing(client, 1, 'a', true)).toEqual({ type: 'executed', outcome: existed });
      expect(one.standing(client, 2, 'b', true)).toEqual({ type: 'executed', outcome: outcome(2) });
    }
    const before = { ...table.snapshot(), rows: [['client', '1', '1001', '1/a/1/1001/']] };
    expect(ClientTable.restore(before).standing(client, 1, 'a', true)).toEqual({
      type: 'executed',
      outcome: outcome(1),
    });
  });

  it('the same number with another content is told apart', () => {
    expect(tableAfter(1).standing(client, 1, 'something else', true)).toEqual({ type: 'number-reused' });
  });

  it('a number above the last executed one is new; gaps below it were not executed and never will be', () => {
    const table = tableAfter(1, 4);
    expect(table.standing(client, 5, '', true)).toEqual({ type: 'new' });
    expect(table.standing(client, 3, '', true)).toEqual({ type: 'overtaken' });
    const restored = ClientTable.restore(table.snapshot());
    expect(restored.standing(client, 3, '', false)).toEqual({ type: 'overtaken' });
    expect(restored.wasExecuted(entryOf({ request: 3 }))).toBe(true);
  });

  it('of a gap further below the last number than replies are kept nothing is known', () => {
    const last = REQUESTS_IN_FLIGHT + 2;
    const table = tableAfter(1, last);
    const standings = [1, 2, 3].map((request) => table.standing(client, request, `asked${request}`, true).type);
    expect(standings).toEqual(['forgotten', 'forgotten', 'overtaken']);
    const full = tableAfter(...Array.from({ length: last }, (_, index) => index + 1));
    for (let request = 1; request <= last; request++) {
      const { type } = full.standing(client, request, `asked${request}`, true);
      expect(type).toBe(request <= last - REQUESTS_IN_FLIGHT ? 'forgotten' : 'executed');
    }
  });

  it('an unknown client is new, unless it once had an answer: then its row was given up', () => {
    expect(new ClientTable().standing(client, 7, '', false)).toEqual({ type: 'new' });
    expect(new ClientTable().standing(client, 7, '', true)).toEqual({ type: 'forgotten' });
  });

  it('as many replies are kept as may be in flight', () => {
    const requests = Array.from({ length: REQUESTS_IN_FLIGHT + 1 }, (_, index) => index + 1);
    const table = tableAfter(...requests);
    expect(table.standing(client, 1, 'asked1', true)).toEqual({ type: 'forgotten' });
    expect(table.standing(client, 2, 'asked2', true)).toMatchObject({ type: 'executed' });
  });

  it('replies further below the last number than may be in flight are given up, however few they are', () => {
    const table = tableAfter(1, 2, 2 + REQUESTS_IN_FLIGHT);
    expect(table.standing(client, 2, 'asked2', true)).toEqual({ type: 'forgotten' });
    expect(tableAfter(1, 2, 1 + REQUESTS_IN_FLIGHT).standing(client, 2, 'asked2', true)).toMatchObject({
      type: 'executed',
    });
  });

  it('I9: what would execute a request again, or out of order, is recognised', () => {
    const table = tableAfter(1, 4);
    expect([1, 3, 4, 5].map((request) => table.wasExecuted(entryOf({ request })))).toEqual([true, true, true, false]);
    expect(table.wasExecuted(entryOf({ request: 1, client: 'another' as ClientId }))).toBe(false);
  });

  it("the cluster's own entries leave no trace", () => {
    const table = new ClientTable();
    const own = entryOf({ client: '', request: 0 });
    table.record(own, outcome(1));
    expect(table.size).toBe(0);
    expect(table.wasExecuted(own)).toBe(false);
  });

  it('a snapshot holds all of it: restored, it answers alike and gives up alike', () => {
    const table = tableAfter(1, 2, 5);
    table.record(entryOf({ client: 'another' as ClientId, request: 3, asked: '' }), outcome(9, 'forbidden'));
    const restored = ClientTable.restore(table.snapshot());
    expect(restored.snapshot()).toEqual(table.snapshot());
    expect(restored.lastRequest(client)).toBe(5);
    expect(restored.standing(client, 2, 'asked2', true)).toEqual({ type: 'executed', outcome: outcome(2) });
    expect(restored.standing('another' as ClientId, 3, '', true)).toEqual({
      type: 'executed',
      outcome: outcome(9, 'forbidden'),
    });
  });

  it('above the limit, rows that were not used for a month are given up, the longest unused first', () => {
    const table = new ClientTable();
    const named = (name: string, time: number) => entryOf({ client: name as ClientId, request: 1, asked: '', time });
    for (let number = 0; number < CLIENT_TABLE_ROWS; number++) table.record(named(`c${number}`, number), outcome(1));
    table.record(entryOf({ client: 'c0' as ClientId, request: 2, asked: '', time: CLIENT_TABLE_ROWS }), outcome(2));
    table.record(named('early', 1 + CLIENT_TABLE_UNUSED_MS - 1), outcome(1));
    expect(table.size).toBe(CLIENT_TABLE_ROWS + 1);
    table.record(named('late', 2 + CLIENT_TABLE_UNUSED_MS), outcome(1));
    expect(table.size).toBe(CLIENT_TABLE_ROWS);
    const standing = (name: string, request: number) => table.standing(name as ClientId, request, '', true).type;
    expect([standing('c1', 1), standing('c2', 1), standing('c3', 1)]).toEqual(['forgotten', 'forgotten', 'executed']);
    expect([standing('c0', 2), standing('early', 1)]).toEqual(['executed', 'executed']);
  });

  it('gives the rows of a snapshot as they were when it began, although requests are executed while they are taken', () => {
    const table = new ClientTable();
    const clients = Array.from({ length: 90 }, (_, index) => `client ${index}` as ClientId);
    for (const one of clients) table.record(entryOf({ client: one, request: 1, asked: 'a' }), outcome(1));
    const before = table.snapshot().rows;
    const taken: string[][] = [];
    let request = 2;
    for (const piece of table.pieces()) {
      taken.push(...piece);
      for (const one of [clients[3]!, clients.at(-1)!, `new ${request}` as ClientId]) {
        table.record(entryOf({ client: one, request, asked: 'b' }), outcome(request));
      }
      request++;
    }
    expect(taken).toEqual(before);
    const restored = ClientTable.restore({ ...table.snapshot(), rows: [...table.pieces()].flat() });
    expect(restored.snapshot()).toEqual(table.snapshot());
    expect(restored.replies).toBe(table.replies);
  });
});
