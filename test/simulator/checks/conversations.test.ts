import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

type Fields = Record<string, unknown>;
type Case = [what: string, kind: string | null, play: (run: Recording) => void];

/** Ana at 1, bo at 2; ana's messages to bo at 3 and 4, bo's to ana at 5; bo has read up to 3, which is at 6. */
function conversation(): Recording {
  const run = new Recording();
  run.create('a', 'ana');
  run.create('b', 'bo');
  run.send('a', 'bo', 'one');
  run.send('a', 'bo', 'two');
  run.send('b', 'ana', 'three');
  run.log({ event: 'conversation:read', body: '2/1=3' });
  return run;
}

function judge(cases: readonly Case[]): void {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = conversation();
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

const withAna = { with: 'ana', last: 5, read: 3, unread: 1 };
const list = (run: Recording, conversations: Fields[], position = run.entries.length, client = 'b') =>
  run.answer(run.ask(client, 'conversation:list', {}), { conversations, position, more: false });
const hear = (run: Recording, read: number) => run.hear('b', 'conversation-read', { with: 'ana', read });

describe('R17: lists of conversations', () => {
  judge([
    ['what is unread', null, (run) => list(run, [{ ...withAna, online: true }])],
    ['own messages are counted', 'wrong answer', (run) => list(run, [{ ...withAna, unread: 2 }])],
    ['what was read is counted', 'wrong answer', (run) => list(run, [{ ...withAna, unread: 2, read: 0 }])],
    ['as it was before the mark', null, (run) => list(run, [{ ...withAna, unread: 2, read: 0 }], 5)],
    ['another last message', 'wrong answer', (run) => list(run, [{ ...withAna, last: 4 }])],
    ['a conversation is missing', 'wrong answer', (run) => list(run, [])],
    [
      'of a position that does not exist',
      'phantom',
      (run) => {
        list(run, [withAna], 7);
        run.send('a', 'bo', 'four');
      },
    ],
    [
      'of the time before an own message',
      'stale read',
      (run) => list(run, [{ ...withAna, last: 4, unread: 2, read: 0 }], 4),
    ],
    [
      'a deleted message is not counted',
      null,
      (run) => {
        run.done('a', 'message:delete', { id: 'm4' });
        list(run, [{ ...withAna, unread: 0 }]);
      },
    ],
    [
      'a mark that is lower counts for nothing',
      null,
      (run) => {
        run.log({ event: 'conversation:read', body: '2/1=2' });
        list(run, [withAna]);
      },
    ],
    [
      'a mark above what there is counts for nothing',
      null,
      (run) => {
        run.log({ event: 'conversation:read', body: '2/1=99' });
        list(run, [withAna]);
      },
    ],
    [
      'a room begins as read',
      null,
      (run) => {
        run.done('a', 'room:create', { room: '#den' });
        run.send('a', '#den', 'before');
        run.done('b', 'room:join', { room: '#den' });
        const room = { name: '#den', topic: '', owner: 'ana', members: 2 };
        list(run, [withAna, { with: '#den', last: 8, read: 9, unread: 0, room }]);
      },
    ],
    [
      'whoever is deleted is marked',
      null,
      (run) => {
        run.done('a', 'account:delete', {});
        list(run, [{ ...withAna, deleted: true }]);
      },
    ],
    [
      'a display name',
      'wrong answer',
      (run) => {
        run.done('a', 'account:profile', { displayName: 'Ana A.' });
        list(run, [withAna]);
      },
    ],
  ]);
});

describe('R17: read marks that are told', () => {
  judge([
    ['one that there was', null, (run) => hear(run, 3)],
    ['one that there never was', 'phantom', (run) => hear(run, 4)],
    [
      'one that falls',
      'mark falls',
      (run) => {
        run.log({ event: 'conversation:read', body: '2/1=4' });
        hear(run, 4);
        hear(run, 3);
      },
    ],
    [
      'a list with a lower one',
      'mark falls',
      (run) => {
        hear(run, 3);
        run.hear('b', 'conversations', { conversations: [{ ...withAna, read: 0 }] });
      },
    ],
    [
      'a list of what never was',
      'phantom',
      (run) => run.hear('b', 'conversations', { conversations: [{ ...withAna, last: 6 }] }),
    ],
  ]);
});

describe('R17, R25: log-ins and settings', () => {
  const settings = (run: Recording, value: Fields) => {
    const usual = { username: 'ana', displayName: '', blocked: [], sessions: 1 };
    run.answer(run.ask('a', 'account:settings', { account: 'ana' }), { ...usual, ...value }, true);
  };
  const change = (run: Recording) =>
    run.done('a', 'account:password', { account: 'ana', password: 'secret', newPassword: 'new secret' });
  const enter = (run: Recording, password: string) => run.done('c', 'session:open', { username: 'ana', password });
  judge([
    ['the settings', null, (run) => settings(run, {})],
    ['another number of log-ins', 'wrong answer', (run) => settings(run, { sessions: 2 })],
    [
      'other log-ins end with the password',
      null,
      (run) => {
        enter(run, 'secret');
        change(run);
        settings(run, {});
      },
    ],
    [
      'they go on',
      'wrong answer',
      (run) => {
        enter(run, 'secret');
        change(run);
        settings(run, { sessions: 2 });
      },
    ],
    [
      'whom it blocks',
      'wrong answer',
      (run) => {
        run.done('a', 'account:block', { username: 'bo' });
        settings(run, {});
      },
    ],
    [
      'something is done over a log-in that ended with the password',
      'done over a log-in that has ended',
      (run) => {
        enter(run, 'secret');
        run.send('c', 'bo', 'x');
        change(run);
        run.send('c', 'bo', 'y');
      },
    ],
    [
      'something is done over the one that stays',
      null,
      (run) => {
        change(run);
        run.send('a', 'bo', 'y');
      },
    ],
    [
      'something is done over one that was opened with the password that is changed at the same time',
      'done with a former password',
      (run) => {
        change(run);
        enter(run, 'secret');
        run.send('c', 'bo', 'y');
      },
    ],
    [
      'something is done over one that was opened with the new password',
      null,
      (run) => {
        change(run);
        enter(run, 'new secret');
        run.send('c', 'bo', 'y');
      },
    ],
    [
      'something is done after all were closed',
      'done over a log-in that has ended',
      (run) => {
        enter(run, 'secret');
        run.send('c', 'bo', 'x');
        run.done('a', 'session:close-all', { account: 'ana' });
        run.send('c', 'bo', 'y');
      },
    ],
    [
      'it had been asked before',
      null,
      (run) => {
        enter(run, 'secret');
        run.send('c', 'bo', 'x');
        const call = run.ask('c', 'message:send', { to: 'bo', body: 'y' });
        change(run);
        run.answer(call, run.valueOf(call, run.logCall(call)));
      },
    ],
    [
      'the former password is refused',
      null,
      (run) => {
        change(run);
        run.refuse(run.ask('c', 'session:open', { username: 'ana', password: 'secret' }), 'wrong-password');
        enter(run, 'new secret');
      },
    ],
    [
      'the former password lets in',
      'not linearizable',
      (run) => {
        change(run);
        enter(run, 'secret');
      },
    ],
    [
      'the new password is refused',
      'not linearizable',
      (run) => {
        change(run);
        run.refuse(run.ask('c', 'session:open', { username: 'ana', password: 'new secret' }), 'wrong-password');
      },
    ],
    [
      'a change that was never answered explains both',
      null,
      (run) => {
        run.logCall(
          run.ask('a', 'account:password', { account: 'ana', password: 'secret', newPassword: 'new secret' }),
        );
        enter(run, 'new secret');
      },
    ],
  ]);
});
