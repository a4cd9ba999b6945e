import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

/** Ana at 1, bo at 2; ana's messages to bo at 3, 4 and 5; 6 is the end of the one at 4. */
function conversation(): Recording {
  const run = new Recording();
  run.create('a', 'ana');
  run.create('b', 'bo');
  for (const body of ['one', 'two', 'three']) run.send('a', 'bo', body);
  run.done('a', 'message:delete', { id: 'm4' });
  return run;
}

type Fields = Record<string, unknown>;

const DELETION = { id: 'm4', position: 6 };

/** What a server says that has applied everything. */
function page(run: Recording, positions: readonly number[], rest: Fields): Fields {
  return {
    messages: positions.map((position) => run.shown(position)),
    deletions: [],
    changes: [],
    position: 6,
    more: false,
    ...rest,
  };
}

function read(run: Recording, client: string, ask: Fields, value: Fields, atPrimary = false): void {
  run.answer(run.ask(client, 'message:history', ask), value, atPrimary);
}

type Case = [what: string, kind: string | null, play: (run: Recording) => void];

function judge(cases: readonly Case[], start = conversation): void {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = start();
    play(run);
    const violation = checkClientHistory(run.events, run.entries, { areRefusalsConfirmed: true });
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

describe('R17: pages of history', () => {
  judge([
    ['the newest', null, (run) => read(run, 'b', {}, page(run, [3, 5], {}))],
    ['the newest of many', null, (run) => read(run, 'b', { limit: 1 }, page(run, [5], { more: true }))],
    ['those before a position', null, (run) => read(run, 'b', { before: 5 }, page(run, [3], {}))],
    [
      'all from the beginning',
      null,
      (run) => read(run, 'b', { after: 0 }, page(run, [3, 5], { deletions: [DELETION] })),
    ],
    [
      'the first of all',
      null,
      (run) => read(run, 'b', { after: 0, limit: 1 }, page(run, [3], { position: 3, more: true })),
    ],
    [
      'the first of all, as it was before the deletion',
      null,
      (run) => read(run, 'b', { after: 0, limit: 2 }, page(run, [3, 4], { position: 4, more: true })),
    ],
    ['one conversation', null, (run) => read(run, 'b', { with: 'ana' }, page(run, [3, 5], {}))],
    ['a conversation with oneself', null, (run) => read(run, 'b', { with: 'bo' }, page(run, [], {}))],
    ['an older position, at a backup', null, (run) => read(run, 'b', {}, page(run, [3, 4], { position: 4 }))],
    [
      'an older position, at the primary',
      'stale read',
      (run) => read(run, 'b', {}, page(run, [3, 4], { position: 4 }), true),
    ],
    [
      'an older position than that of an own message',
      'stale read',
      (run) => {
        run.send('b', 'ana', 'four');
        read(run, 'b', {}, page(run, [3, 5], {}));
      },
    ],
    [
      'an older position than what was told',
      'stale read',
      (run) => {
        for (const position of [3, 5, 6]) run.tell('b', position);
        read(run, 'b', {}, page(run, [3, 4, 5], { position: 5 }));
      },
    ],
    [
      'an older position than a page before',
      'stale read',
      (run) => {
        read(run, 'b', {}, page(run, [3, 5], {}));
        read(run, 'b', {}, page(run, [3, 4, 5], { position: 5 }));
      },
    ],
    [
      'an older position after a restart',
      null,
      (run) => {
        read(run, 'b', {}, page(run, [3, 5], {}));
        run.restart('b');
        read(run, 'b', {}, page(run, [3, 4, 5], { position: 5 }));
      },
    ],
    ['a message is missing', 'wrong page', (run) => read(run, 'b', {}, page(run, [5], {}))],
    ['a deleted message is there', 'wrong page', (run) => read(run, 'b', {}, page(run, [3, 4, 5], {}))],
    ['a deletion is missing', 'wrong page', (run) => read(run, 'b', { after: 0 }, page(run, [3, 5], {}))],
    ['the order is another one', 'wrong page', (run) => read(run, 'b', {}, page(run, [5, 3], {}))],
    [
      'it says that there is more, and there is not',
      'wrong page',
      (run) => read(run, 'b', {}, page(run, [3, 5], { more: true })),
    ],
    ['it does not say that there is more', 'wrong page', (run) => read(run, 'b', { limit: 1 }, page(run, [5], {}))],
    [
      'it does not say that there is more, forwards',
      'wrong page',
      (run) => read(run, 'b', { after: 0, limit: 1 }, page(run, [3], {})),
    ],
    [
      'it goes on at another place',
      'wrong page',
      (run) => read(run, 'b', { after: 0, limit: 1 }, page(run, [3], { position: 4, more: true })),
    ],
    [
      'a text is another one',
      'wrong page',
      (run) => read(run, 'b', {}, page(run, [], { messages: [{ ...run.shown(3), body: 'won' }, run.shown(5)] })),
    ],
    [
      'the messages of somebody else',
      'wrong page',
      (run) => {
        run.create('c', 'cy');
        read(run, 'c', {}, page(run, [3, 5], { position: 7 }));
      },
    ],
    ['a position that does not exist', 'phantom', (run) => read(run, 'b', {}, page(run, [3, 5], { position: 9 }))],
    [
      'a message that is sent later',
      'phantom',
      (run) => {
        const early = run.ask('b', 'message:history', { after: 0 });
        const asked = run.events.pop()!;
        run.send('a', 'bo', 'four');
        const value = page(run, [3, 5, 7], { deletions: [DELETION], position: 7 });
        const later = run.events.splice(-2);
        run.events.push({ ...asked, atMs: run.events.length });
        run.answer(early, value);
        run.events.push(...later.map((event) => ({ ...event, atMs: run.events.length })));
      },
    ],
    [
      'the sender is marked as deleted once it is',
      null,
      (run) => {
        run.done('a', 'account:delete', {});
        const messages = [3, 5].map((position) => ({ ...run.shown(position), fromDeleted: true }));
        read(run, 'b', {}, page(run, [], { messages, position: 7 }));
      },
    ],
    [
      'the sender is not marked as deleted',
      'wrong page',
      (run) => {
        run.done('a', 'account:delete', {});
        read(run, 'b', {}, page(run, [3, 5], { position: 7 }));
      },
    ],
  ]);
});

describe('R17: lists of accounts', () => {
  const names = (...usernames: string[]) => ({ accounts: usernames.map((username) => ({ username })), more: false });
  const list = (run: Recording, client: string, ask: Fields, value: Fields, atPrimary = false) =>
    run.answer(run.ask(client, 'account:list', ask), value, atPrimary);
  judge([
    ['all', null, (run) => list(run, 'a', {}, names('ana', 'bo'))],
    ['those that match', null, (run) => list(run, 'a', { pattern: 'A?a' }, names('ana'))],
    ['those after a name', null, (run) => list(run, 'a', { after: 'ana' }, names('bo'))],
    ['the first of them', null, (run) => list(run, 'a', { limit: 1 }, { ...names('ana'), more: true })],
    [
      'it does not say that there is more',
      'wrong list',
      (run) => list(run, 'a', { after: 'an', limit: 1 }, names('bo')),
    ],
    ['somebody whom nobody knows', 'wrong list', (run) => list(run, 'a', {}, names('ana', 'bo', 'cy'))],
    ['an account that the client itself made is missing', 'stale read', (run) => list(run, 'b', {}, names('ana'))],
    ['somebody who does not match', 'wrong list', (run) => list(run, 'a', { pattern: 'a*' }, names('ana', 'bo'))],
    [
      'a new account is missing, at a backup',
      null,
      (run) => {
        run.create('c', 'cy');
        list(run, 'a', {}, names('ana', 'bo'));
      },
    ],
    [
      'a new account is missing, at the primary',
      'not linearizable',
      (run) => {
        run.create('c', 'cy');
        list(run, 'a', {}, names('ana', 'bo'), true);
      },
    ],
    [
      'a new account is missing, and its client had been told something later',
      'stale read',
      (run) => {
        run.create('c', 'cy');
        for (const position of [3, 5, 6, run.send('a', 'bo', 'four')]) run.tell('b', position);
        list(run, 'b', {}, names('ana', 'bo'));
      },
    ],
    [
      'two accounts of different times',
      'wrong list',
      (run) => {
        run.done('a', 'account:delete', {});
        run.create('c', 'cy');
        list(run, 'b', {}, names('ana', 'bo', 'cy'));
      },
    ],
  ]);
});
