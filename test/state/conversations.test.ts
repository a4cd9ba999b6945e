import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { formatReadMarks, parseReadMarks } from '../../server/state/read-marks.ts';
import type { ConversationView } from '../../server/state/reader.ts';
import type { AccountId, RoomId } from '../../shared/ids.ts';
import { ChatLog, restoredFrom } from './chat-log.ts';
import { HistoryModel } from './history-model.ts';
import { randomLog } from './random-operations.ts';

/** Page after page, as a client asks. */
function conversationsOf(state: ChatState, account: AccountId, limit: number): ConversationView[] {
  const all: ConversationView[] = [];
  for (;;) {
    const { conversations, more } = state.conversations({ account, after: all.at(-1)?.with, limit });
    all.push(...conversations);
    if (!more) return all;
    expect(conversations).toHaveLength(limit);
  }
}

describe('the list of conversations', () => {
  it('says of each what lies in it and what of that is unread, as a list of all messages does', () => {
    const property = fc.property(
      randomLog,
      fc.array(fc.nat({ max: 80 })),
      fc.nat({ max: 4 }),
      (entries, restarts, more) => {
        const model = new HistoryModel();
        let state = new ChatState();
        const index: string[][] = [];
        for (const entry of entries) {
          model.apply(entry, state.apply(entry).outcome.refused === '');
          if (restarts.includes(entry.op)) state = restoredFrom(state, index);
        }
        for (const { op } of entries) {
          const account = String(op) as AccountId;
          const listed = conversationsOf(state, account, 1 + more).map(({ room, ...rest }) => rest);
          expect(listed).toEqual(model.conversations(account));
        }
      },
    );
    fc.assert(property, { seed: 1538, numRuns: 500 });
  });

  it('has whoever shares one as an acquaintance', () => {
    const property = fc.property(randomLog, (entries) => {
      const state = new ChatState();
      for (const entry of entries) state.apply(entry);
      const accounts = state.listAccounts({ limit: 500 }).accounts.map(({ id }) => id);
      for (const one of accounts) {
        const acquaintances = [...state.acquaintances(one)];
        expect(new Set(acquaintances).size).toBe(acquaintances.length);
        expect(acquaintances).not.toContain(one);
        const shared = conversationsOf(state, one, 500).flatMap(({ end, room, deleted }) =>
          room ? [...state.membersOf(end as RoomId)] : deleted ? [] : [end as AccountId],
        );
        for (const other of shared.filter((id) => id !== one)) expect(acquaintances).toContain(other);
        for (const other of acquaintances) expect([...state.acquaintances(other)]).toContain(one);
      }
    });
    fc.assert(property, { seed: 1538, numRuns: 200 });
  });

  it('of a room counts from the joining on, and tells the reader’s own devices what was read', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('Ana'), log.create('bo')];
    const room = log.createRoom(ana, '#tea');
    log.send(ana, room, 'before');
    log.join(bo, room);
    log.send(ana, room, 'after');
    log.send(bo, room, 'own');
    const view = () => log.state.conversations({ account: bo, limit: 9 }).conversations[0]!;
    expect(view()).toEqual({
      end: room,
      with: '#tea',
      last: 7,
      read: 5,
      unread: 1,
      room: { name: '#tea', topic: '', owner: 'Ana', members: 2 },
    });
    expect(log.apply({ event: 'conversation:read', body: `${bo}/${room}=6` }).notices).toEqual([
      { type: 'conversation:read', account: bo, mark: { with: '#tea', read: 6, position: 8 } },
    ]);
    expect(view()).toMatchObject({ read: 6, unread: 0 });
    // It only rises, and never above what there was.
    expect(log.apply({ event: 'conversation:read', body: `${bo}/${room}=5 ${bo}/${room}=99` }).notices).toEqual([]);
    expect(log.state.readUpTo(bo, room)).toBe(6);
  });

  it('names a deleted account as long as nobody else bears its name', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    log.send(bo, ana);
    log.deleteAccount(bo);
    const list = () => log.state.conversations({ account: ana, limit: 9 }).conversations;
    expect(list()).toEqual([expect.objectContaining({ end: bo, with: 'bo', deleted: true, unread: 1 })]);
    const again = log.create('bo');
    log.send(ana, again);
    expect(list()).toEqual([expect.objectContaining({ end: again, with: 'bo', unread: 0 })]);
  });

  it('has marks that are read as they were written', () => {
    const marks = [
      { account: '1', with: '2', position: 3 } as never,
      { account: '12', with: '34', position: 0 } as never,
    ];
    expect(parseReadMarks(formatReadMarks(marks))).toEqual(marks);
    expect(parseReadMarks('')).toEqual([]);
    expect(() => parseReadMarks('1=5')).toThrow('ACCOUNT/WITH=POSITION');
  });
});
