import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import type { Deletion, Message } from '../../shared/api.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { ChatLog, pagesBackward, pagesForward } from './chat-log.ts';
import { randomLog } from './random-operations.ts';

/** What concerned each account, as its notices told it while the log was applied. */
function applyAndListen(entries: readonly LogEntry[]) {
  const state = new ChatState();
  const told = new Map<AccountId, { messages: Message[]; deletions: Deletion[] }>();
  for (const entry of entries) {
    for (const notice of state.apply(entry).notices) {
      if (notice.type !== 'message:new' && notice.type !== 'message:deleted') continue;
      for (const account of notice.accounts) {
        const own = told.get(account) ?? { messages: [], deletions: [] };
        told.set(account, own);
        if (notice.type === 'message:new') own.messages.push(notice.message);
        else own.deletions.push(notice.deletion);
      }
    }
  }
  return { state, told };
}

describe('history', () => {
  it('page after page, of any limit and in both directions, is what was told while it happened', () => {
    fc.assert(
      fc.property(randomLog, fc.integer({ min: 1, max: 7 }), (entries, limit) => {
        const { state, told } = applyAndListen(entries);
        for (const [account, { messages, deletions }] of told) {
          if (state.account(account) === undefined) continue;
          const gone = new Set(deletions.map((deletion) => deletion.id));
          const remaining = messages.filter((message) => !gone.has(message.id)).map((message) => message.position);
          const pages = pagesForward(state, account, limit);
          expect(pages.flatMap((page) => page.messages.map((message) => message.position))).toEqual(remaining);
          expect(pages.flatMap((page) => page.deletions)).toEqual(deletions);
          expect(pages.at(-1)!.position).toBe(state.position);
          for (const page of pages.slice(0, -1)) expect(page.messages.length + page.deletions.length).toBe(limit);
          const backward = pagesBackward(state, account, limit);
          expect(backward.reverse().flatMap((page) => page.map((message) => message.position))).toEqual(remaining);
        }
      }),
      { seed: 1538, numRuns: 300 },
    );
  });

  it('with one account is what the whole history has of that conversation, from either side', () => {
    fc.assert(
      fc.property(randomLog, fc.integer({ min: 1, max: 7 }), (entries, limit) => {
        const { state } = applyAndListen(entries);
        const { accounts } = state.listAccounts({ limit: 500 });
        for (const one of accounts) {
          const whole = state.history({ account: one.id, after: 0, limit: 500 }).messages;
          for (const other of accounts) {
            // Names may have been taken anew: what was sent to an earlier bearer of one is not of this conversation.
            const since = Math.max(Number(one.id), Number(other.id));
            const names = [one.username, other.username].sort();
            const between = whole.filter(
              ({ from, to, position }) => position > since && [from, to].sort().join() === names.join(),
            );
            const pages = pagesForward(state, one.id, limit, other.id);
            expect(pages.flatMap((page) => page.messages)).toEqual(between);
            expect(pagesForward(state, other.id, limit, one.id)).toEqual(pages);
            expect(pagesBackward(state, one.id, limit, other.id).reverse().flat()).toEqual(between);
          }
        }
      }),
      { seed: 1538, numRuns: 150 },
    );
  });

  it('after a position has everything since, once: new messages, and deletions of old ones', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const old = log.send(ana, bo, 'old');
    log.send(ana, bo, 'kept');
    const { position } = log.page({ account: bo, after: 0, limit: 9 });
    log.send(bo, ana, 'new');
    log.deleteMessage(ana, old);
    log.pass(2);
    const page = log.page({ account: bo, after: position, limit: 9 });
    expect(page.messages.map((message) => message.body)).toEqual(['new']);
    expect(page).toMatchObject({ deletions: [{ id: old, position: 6 }], position: 8, more: false });
  });

  it('covers the deletion in the page whose range it falls into', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const first = log.send(ana, bo, 'first');
    log.send(ana, bo, 'second');
    log.deleteMessage(ana, first);
    log.send(ana, bo, 'third');
    const pages = pagesForward(log.state, bo, 1);
    expect(pages.map((page) => page.position)).toEqual([4, 5, 6]);
    expect(pages[1]).toMatchObject({ messages: [], deletions: [{ id: first, position: 5 }], more: true });
  });

  it('backwards leaves deleted messages out and is current up to its position', () => {
    const log = new ChatLog();
    const [ana, bo] = [log.create('ana'), log.create('bo')];
    const ids = ['1', '2', '3', '4'].map((body) => log.send(ana, bo, body));
    log.deleteMessage(ana, ids[2]!);
    const page = log.page({ account: ana, before: 6, limit: 1 });
    expect(page.messages.map((message) => message.body)).toEqual(['2']);
    expect(page).toMatchObject({ deletions: [], position: 7, more: true });
    expect(log.page({ account: ana, limit: 2 }).messages.map((message) => message.body)).toEqual(['2', '4']);
  });

  it('of an account that is not there, or of positions still to come, is empty', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.send(ana, ana);
    const nothing = { messages: [], deletions: [], changes: [], position: 2, more: false };
    expect(log.page({ account: '99' as AccountId, after: 0, limit: 9 })).toEqual(nothing);
    expect(log.page({ account: ana, after: 1_000_000, limit: 9 })).toEqual(nothing);
    expect(log.page({ account: ana, before: 0, limit: 9 })).toEqual(nothing);
  });

  it('is handed out in copies', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.send(ana, ana, 'as it was');
    log.page({ account: ana, limit: 9 }).messages[0]!.body = 'forged';
    log.state.account(ana)!.username = 'forged';
    expect(log.state.fingerprint()).not.toContain('forged');
  });
});
