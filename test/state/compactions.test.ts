import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { partOfBody } from '../../server/state/compactions.ts';
import { readAccountBody, withoutPassword } from '../../shared/account-body.ts';
import type { LogEntry, Remains } from '../../shared/operations.ts';
import { ChatLog, createOperation, restoredFrom } from './chat-log.ts';
import { HistoryModel } from './history-model.ts';
import { randomLog } from './random-operations.ts';

/** A row of the log after compaction. */
function reduced(entry: LogEntry, remains: Remains): LogEntry {
  if (remains === 'all' || entry.body === '') return entry;
  const body = remains === 'part' ? partOfBody(entry.body) : '';
  return { ...entry, body, nonce: '', removedDigest: 'of the body' };
}

/** The rows that a primary would append: none creates an account or a room whose name is taken. */
function asAppended(entries: readonly LogEntry[]): LogEntry[] {
  const state = new ChatState();
  return entries.map((entry) => {
    const isAppended = !/^(account|room):create$/.test(entry.event) || !state.check(entry).endsWith('-taken');
    const appended: LogEntry = isAppended ? entry : { ...entry, event: 'cluster:complete', body: '' };
    state.apply(appended);
    return appended;
  });
}

function applied(entries: readonly LogEntry[]): ChatState {
  const state = new ChatState();
  for (const entry of entries) state.apply(entry);
  return state;
}

/** Rows whose bodies people wrote. */
const TEXTS: ReadonlySet<LogEntry['event']> = new Set([
  'account:create',
  'account:password',
  'account:profile',
  'message:send',
  'message:edit',
  'message:react',
  'message:unreact',
  'room:create',
  'room:topic',
  'document:set',
]);

const remainsIn = (state: ChatState, { op, event }: LogEntry) => state.compactions.remainsOf(op, event);

describe('R27: what compaction removes', () => {
  const compact = { event: 'cluster:compact' } as const;

  it('is the text of a deleted message, once that is decided', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const kept = log.send(ana, bo, 'kept');
    const deleted = log.send(ana, bo, 'deleted');
    log.apply(compact);
    log.deleteMessage(ana, deleted);
    const remains = () =>
      log.entries.filter(({ event }) => event === 'message:send').map((row) => remainsIn(log.state, row));
    expect(remains()).toEqual(['all', 'all']);
    expect(log.state.compactions.removableSinceOp).toBe(6);
    log.apply(compact);
    expect(remains()).toEqual(['all', 'nothing']);
    expect(log.state.compactions.removableSinceOp).toBe(0);
    expect(log.state.isDeletedMessage(kept)).toBe(false);
    expect(log.state.isDeletedMessage(deleted)).toBe(true);
  });

  it('is a deleted account’s password, and its name when nobody is left who can see it', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    log.send(ana, bo);
    log.deleteAccount(ana);
    log.apply(compact);
    const remains = () => log.entries.slice(0, 3).map((row) => remainsIn(log.state, row));
    expect(remains()).toEqual(['part', 'all', 'all']);
    log.deleteAccount(bo);
    expect(remains()).toEqual(['part', 'all', 'all']);
    log.apply(compact);
    expect(remains()).toEqual(['nothing', 'nothing', 'nothing']);
  });

  it('is the text of a message that was refused when its turn came', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    log.deleteAccount(bo);
    const refused = { event: 'message:send', account: ana, subject: bo, id: 'x', body: 'to nobody' } as const;
    expect(log.apply(refused).outcome.refused).toBe('no-such-account');
    log.apply(compact);
    expect(remainsIn(log.state, log.entries[3]!)).toBe('nothing');
  });

  it('leaves the name of a deleted account, without which its messages had no sender', () => {
    const { body = '' } = createOperation('Ana');
    const part = withoutPassword(body);
    expect(readAccountBody({ body: part, subject: '' })).toEqual({ username: 'Ana', nameKey: 'ana', passwordHash: '' });
    expect(part).not.toContain('hash of Ana');
    expect(withoutPassword(part)).toBe(part);
  });

  it('is every text that nobody can see any more, and no other', () => {
    const seen = new Map<string, number>();
    const property = fc.property(randomLog, (log) => {
      const entries = asAppended(log);
      const state = new ChatState();
      const model = new HistoryModel();
      for (const entry of entries) {
        model.apply(entry, state.apply(entry).outcome.refused === '');
        if (entry.event !== 'cluster:compact') continue;
        const needed = model.needed();
        for (const row of entries.slice(0, entry.op).filter(({ event, body }) => TEXTS.has(event) && body !== '')) {
          const remains = remainsIn(state, row);
          seen.set(`${row.event} ${remains}`, (seen.get(`${row.event} ${remains}`) ?? 0) + 1);
          expect(remains === 'all', `${entry.op}: ${JSON.stringify(row)}`).toBe(needed.has(row.op));
        }
      }
    });
    fc.assert(property, { seed: 1538, numRuns: 1000 });
    for (const event of TEXTS) {
      for (const remains of ['all', 'nothing']) expect(seen.get(`${event} ${remains}`), event).toBeGreaterThan(20);
    }
    for (const event of ['account:create', 'room:create']) expect(seen.get(`${event} part`), event).toBeGreaterThan(5);
  });

  it('is an edited-away text, a changed password or topic, and a taken-back reaction with its message', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const id = log.send(ana, bo, 'with a tpyo');
    log.edit(ana, id, 'with a typo');
    log.edit(ana, id, 'without');
    log.react(bo, id, '+1');
    log.react(bo, id, '+1', false);
    log.apply({ event: 'account:password', account: ana, subject: '1', body: 'new hash' });
    log.apply(compact);
    const remains = () => log.entries.slice(0, 8).map((row) => remainsIn(log.state, row));
    const before = ['part', 'all', 'nothing', 'nothing', 'all', 'all', 'all', 'all'];
    expect(remains()).toEqual(before);
    log.deleteMessage(ana, id);
    expect(remains()).toEqual(before);
    expect(log.state.compactions.removableSinceOp).toBe(10);
    log.apply(compact);
    expect(remains()).toEqual(['part', 'all', 'nothing', 'nothing', 'nothing', 'nothing', 'nothing', 'all']);
    expect(log.state.isEditedSince(id, 4)).toBe(true);
    expect(log.state.isEditedSince(id, 5)).toBe(false);
  });

  it('is a room’s name and all that was said in it, once it is gone', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const room = log.createRoom(ana, '#tea', 'cups');
    log.join(bo, room);
    log.send(bo, room);
    log.apply({ event: 'room:topic', account: ana, subject: room, body: 'pots' });
    log.deleteAccount(bo);
    log.apply(compact);
    const remains = () => log.entries.slice(1, 6).map((row) => remainsIn(log.state, row));
    // Whose message it was is still shown in the room.
    expect(remains()).toEqual(['part', 'part', 'all', 'all', 'all']);
    log.apply({ event: 'room:leave', account: ana, subject: room });
    expect(remains()).toEqual(['part', 'part', 'all', 'all', 'all']);
    log.apply(compact);
    expect(remains()).toEqual(['nothing', 'nothing', 'all', 'nothing', 'nothing']);
  });

  it('is the same whenever it is asked until the next compaction, also after a restart', () => {
    const property = fc.property(randomLog, fc.array(fc.nat({ max: 80 })), (log, restarts) => {
      const entries = asAppended(log);
      const index: string[][] = [];
      let state = new ChatState();
      let decided: Remains[] = [];
      for (const entry of entries) {
        state.apply(entry);
        const now = entries.slice(0, state.compactions.op).map((row) => remainsIn(state, row));
        if (entry.event === 'cluster:compact') decided = now;
        expect(now).toEqual(decided);
        if (restarts.includes(entry.op)) state = restoredFrom(state, index);
      }
    });
    fc.assert(property, { seed: 1538, numRuns: 500 });
  });

  it('is told of each stretch of the log in which there is any, so that the others need not be read', () => {
    const property = fc.property(randomLog, fc.nat({ max: 80 }), fc.nat({ max: 80 }), (log, one, other) => {
      const entries = asAppended(log);
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const state = new ChatState();
      const done = new Map<number, Remains>();
      let before = 0;
      let isThereAny = false;
      for (const entry of entries) {
        const { op } = state.compactions;
        state.apply(entry);
        if (entry.event === 'cluster:compact') {
          before = op;
          isThereAny = false;
          for (const row of entries.slice(0, entry.op)) {
            const remains = remainsIn(state, row);
            const isNews = done.has(row.op) && done.get(row.op) !== remains;
            isThereAny ||= isNews && row.op >= first && row.op <= last;
            done.set(row.op, remains);
          }
          expect(state.compactions.hasRemovals(first, last, entry.op)).toBe(false);
        }
        // Also when it is asked after the state has gone on.
        if (isThereAny) expect(state.compactions.hasRemovals(first, last, before)).toBe(true);
      }
    });
    fc.assert(property, { seed: 1538, numRuns: 500 });
  });

  it('is needed by nobody: a log of which any of it is gone leads to the same state', () => {
    const property = fc.property(randomLog, fc.array(fc.boolean(), { minLength: 80 }), (log, isGone) => {
      const entries = asAppended(log);
      const end = entries.findLastIndex(({ event }) => event === 'cluster:compact') + 1;
      const compacted = applied(entries.slice(0, end));
      const rows = entries.map((entry) =>
        entry.op <= end && isGone[entry.op % isGone.length] ? reduced(entry, remainsIn(compacted, entry)) : entry,
      );
      const again = applied(rows.slice(0, end));
      expect(again.fingerprint()).toBe(compacted.fingerprint());
      expect(applied(rows).fingerprint()).toBe(applied(entries).fingerprint());
    });
    fc.assert(property, { seed: 1538, numRuns: 1000 });
  });

  it('leaves states in between of which each knows whether there ever was such a state, also after a restart', () => {
    let inBetween = 0;
    const property = fc.property(randomLog, fc.array(fc.nat({ max: 80 })), (log, restarts) => {
      const entries = asAppended(log);
      const end = entries.findLastIndex(({ event }) => event === 'cluster:compact') + 1;
      const compacted = applied(entries.slice(0, end));
      const index: string[][] = [];
      const before = new ChatState();
      let again = new ChatState();
      for (const entry of entries.slice(0, end)) {
        before.apply(entry);
        again.apply(reduced(entry, remainsIn(compacted, entry)));
        if (restarts.includes(entry.op)) again = restoredFrom(again, index);
        if (again.isWhole) expect(again.fingerprint()).toBe(before.fingerprint());
        else inBetween++;
      }
      expect(before.isWhole && again.isWhole).toBe(true);
    });
    fc.assert(property, { seed: 1538, numRuns: 500 });
    expect(inBetween).toBeGreaterThan(500);
  });
});
