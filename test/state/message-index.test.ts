import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { MessageIds } from '../../server/state/message-ids.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { ChatLog, pageWithTexts, restoredFrom, tablesOf } from './chat-log.ts';
import { HistoryModel } from './history-model.ts';
import { randomLog } from './random-operations.ts';

const ask = fc.record({
  direction: fc.constantFrom('after', 'before', 'newest'),
  from: fc.nat({ max: 85 }),
  who: fc.nat({ max: 20 }),
  other: fc.option(fc.nat({ max: 20 })),
  limit: fc.integer({ min: 1, max: 9 }),
});

/** Accounts and rooms, and what is neither. */
function allOf(entries: readonly LogEntry[]): AccountId[] {
  const isCreation = ({ event }: LogEntry) => event === 'account:create' || event === 'room:create';
  const created = entries.filter(isCreation).map(({ op }) => String(op) as AccountId);
  return [...created, '99' as AccountId];
}

describe('the index of messages', () => {
  it('chooses the same pages as a list of all messages does, whatever is sent, deleted and restored meanwhile', () => {
    const property = fc.property(
      randomLog,
      fc.array(fc.nat({ max: 80 })),
      fc.array(ask, { minLength: 20 }),
      (entries, restarts, asks) => {
        const model = new HistoryModel();
        const index: string[][] = [];
        let state = new ChatState();
        for (const entry of entries) {
          model.apply(entry, state.apply(entry).outcome.refused === '');
          if (restarts.includes(entry.op)) state = restoredFrom(state, index);
          if (restarts.includes(entry.op + 40)) index.push(...state.takeIndexRows().rows);
        }
        const accounts = allOf(entries);
        for (const { direction, from, who, other, limit } of asks) {
          const asked = {
            account: accounts[who % accounts.length]!,
            limit,
            ...(direction === 'newest' ? {} : { [direction]: from }),
            ...(other === null ? {} : { with: accounts[other % accounts.length]! }),
          };
          expect(pageWithTexts(state, entries, asked), JSON.stringify(asked)).toEqual(model.page(asked));
        }
      },
    );
    fc.assert(property, { seed: 1538, numRuns: 500 });
  });

  it('is the same after a restart, and says no row of it twice', () => {
    const property = fc.property(randomLog, fc.array(fc.nat({ max: 80 })), (entries, snapshots) => {
      const index: string[][] = [];
      const state = new ChatState();
      for (const entry of entries) {
        state.apply(entry);
        if (snapshots.includes(entry.op)) index.push(...state.takeIndexRows().rows);
      }
      expect(restoredFrom(state, index).fingerprint()).toBe(state.fingerprint());
      expect(new Set(index.map((row) => row.join())).size).toBe(index.length);
      expect([...state.takeIndexRows().rows]).toEqual([]);
    });
    fc.assert(property, { seed: 1538, numRuns: 300 });
  });

  it('gives the rows of the moment at which they were taken, although the state goes on before they are read', () => {
    const property = fc.property(randomLog, fc.nat(), (entries, cut) => {
      const op = cut % (entries.length + 1);
      const [early, late] = [new ChatState(), new ChatState()];
      for (const entry of entries.slice(0, op)) for (const state of [early, late]) state.apply(entry);
      const expected = [[...early.takeIndexRows().rows], tablesOf(early, entries)];
      const [{ rows }, queue] = [late.takeIndexRows(), late.queue()];
      for (const entry of entries.slice(op)) late.apply(entry);
      expect([...rows]).toEqual(expected[0]);
      const queued: string[] = [];
      while (!queue.isOver) queued.push(...queue.next(2).map(({ id, from, to }) => [id, from, to].join()));
      const table = tablesOf(early, entries).find(({ name }) => name === 'queued_messages')!;
      expect(queued).toEqual(table.rows.map(([, id, from, to]) => [id, from, to].join()));
    });
    fc.assert(property, { seed: 1538, numRuns: 300 });
  });

  it('counts what is queued as it lists it', () => {
    fc.assert(
      fc.property(randomLog, (entries) => {
        const state = new ChatState();
        for (const entry of entries) state.apply(entry);
        const table = tablesOf(state, entries).find(({ name }) => name === 'queued_messages')!;
        expect(state.queue().count()).toBe(table.rows.length);
      }),
      { seed: 1538, numRuns: 100 },
    );
  });

  it('is told apart from one whose rows are out of order', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.deleteMessage(ana, log.send(ana, ana));
    const rows = [...log.state.takeIndexRows().rows];
    const restored = ChatState.restore(log.state.snapshot(), log.state.position);
    expect(() => restored.restoreIndex(rows[1]!)).toThrow('out of order');
  });
});

describe('ids of messages', () => {
  const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 0, maxLength: 34 });
  // Few of them, so that the same come back; and many that fall together in the table.
  const id = fc.oneof(
    hex,
    fc.nat({ max: 3000 }).map((number) => number.toString(16).padStart(22, '0')),
    fc.string({ maxLength: 3 }),
  );

  it('are found by their text until they are removed, and told by their numbers, as in a map', () => {
    const property = fc.property(
      fc.array(fc.record({ id, isRemoved: fc.boolean() }), { maxLength: 400, size: 'max' }),
      (steps) => {
        const ids = new MessageIds();
        const map = new Map<string, number>();
        const texts: string[] = [];
        for (const { id: text, isRemoved } of steps) {
          expect(ids.find(text)).toBe(map.get(text));
          const number = map.get(text);
          if (number === undefined) {
            map.set(text, ids.add(text));
            texts.push(text);
          } else if (isRemoved) {
            ids.remove(number);
            map.delete(text);
          }
        }
        for (const [text, number] of map) expect(ids.find(text)).toBe(number);
        for (const [number, text] of texts.entries()) expect(ids.text(number)).toBe(text);
      },
    );
    fc.assert(property, { seed: 1538, numRuns: 100 });
  });

  it('are found among tens of thousands, of which every third was removed', () => {
    const ids = new MessageIds();
    const text = (number: number) => number.toString(16).padStart(22, '0');
    for (let number = 0; number < 30_000; number++) ids.add(text(number));
    for (let number = 0; number < 30_000; number += 3) ids.remove(number);
    for (let number = 0; number < 30_000; number++) {
      expect(ids.find(text(number))).toBe(number % 3 === 0 ? undefined : number);
    }
  });
});
