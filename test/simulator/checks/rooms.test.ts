import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

type Fields = Record<string, unknown>;
type Case = [what: string, kind: string | null, play: (run: Recording) => void];

/** Ana at 1, bo at 2, cy at 3; ana's room at 4, where she writes at 5; bo joins at 6 and she writes again at 7; bo leaves at 8, and she writes at 9. */
function room(): Recording {
  const run = new Recording();
  for (const [client, name] of [
    ['a', 'ana'],
    ['b', 'bo'],
    ['c', 'cy'],
  ] as const) {
    run.create(client, name);
  }
  run.done('a', 'room:create', { room: '#Den', topic: 'tea' });
  run.send('a', '#den', 'before');
  run.done('b', 'room:join', { room: '#den' });
  run.send('a', '#den', 'while');
  run.done('b', 'room:leave', { room: '#den' });
  run.send('a', '#den', 'after');
  return run;
}

function judge(cases: readonly Case[], start = room): void {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = start();
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

const read = (run: Recording, client: string, ask: Fields, value: Fields) =>
  run.answer(run.ask(client, 'message:history', ask), {
    deletions: [],
    changes: [],
    position: 9,
    more: false,
    ...value,
  });
const refused = (run: Recording, client: string, event: 'room:join', ask: Fields, code: string) =>
  run.refuse(run.ask(client, event, ask), code);

describe('R17: what a member of a room is told', () => {
  judge([
    ['what was written while it was there', null, (run) => run.tell('b', 7)],
    ['what was written before', 'told a stranger', (run) => run.tell('b', 5)],
    ['what was written after it left', 'told a stranger', (run) => run.tell('b', 9)],
    ['somebody who never was there', 'told a stranger', (run) => run.tell('c', 7)],
    [
      'with a gap',
      'told with a gap',
      (run) => {
        run.tell('a', 5);
        run.tell('a', 9);
      },
    ],
    ['that somebody joined', null, (run) => run.hear('a', 'room-joined', { room: '#Den', username: 'bo' })],
    [
      'that somebody joined who never did',
      'phantom',
      (run) => run.hear('a', 'room-joined', { room: '#Den', username: 'cy' }),
    ],
    [
      'a stranger, that somebody joined',
      'phantom',
      (run) => run.hear('c', 'room-joined', { room: '#Den', username: 'bo' }),
    ],
    [
      'that somebody was removed who left',
      'phantom',
      (run) => run.hear('a', 'room-left', { room: '#Den', username: 'bo', removed: true }),
    ],
    ['an end that is none', 'phantom', (run) => run.hear('a', 'room-deleted', { room: '#Den' })],
    [
      'a former member, of a new topic',
      'phantom',
      (run) => {
        run.done('a', 'room:topic', { room: '#den', topic: 'coffee' });
        run.hear('b', 'room-changed', { room: { name: '#Den', topic: 'coffee', owner: 'ana', members: 1 } });
      },
    ],
    [
      'a member, of a new topic',
      null,
      (run) => {
        run.done('a', 'room:topic', { room: '#den', topic: 'coffee' });
        run.hear('a', 'room-changed', { room: { name: '#Den', topic: 'coffee', owner: 'ana', members: 1 } });
      },
    ],
  ]);
});

describe('R17: the history of a room', () => {
  judge([
    ['from before it was joined', null, (run) => reread(run, [5, 7, 9])],
    ['without what was written before it was joined', 'wrong page', (run) => reread(run, [])],
    [
      'replayed from the joining on',
      null,
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.send('a', '#den', 'again');
        read(run, 'b', { after: 0 }, { messages: [run.shown(11)], position: 11 });
      },
    ],
    [
      'replayed from before the joining on',
      'wrong page',
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        read(run, 'b', { after: 0 }, { messages: [run.shown(9)], position: 10 });
      },
    ],
    ['for whoever left', 'wrong page', (run) => read(run, 'b', { with: '#den' }, { messages: [run.shown(7)] })],
    [
      'for whoever left, refused',
      null,
      (run) => run.refuse(run.ask('b', 'message:history', { with: '#den' }), 'not-a-member'),
    ],
    [
      'for a member, refused',
      WRONG,
      (run) => run.refuse(run.ask('a', 'message:history', { with: '#den' }), 'not-a-member'),
    ],
    [
      'of a room that is gone',
      'wrong page',
      (run) => {
        run.done('a', 'room:delete', { room: '#den' });
        read(run, 'a', {}, { messages: [run.shown(5)], position: 10 });
      },
    ],
  ]);

  function reread(run: Recording, positions: readonly number[]): void {
    run.done('b', 'room:join', { room: '#den' });
    read(run, 'b', { with: '#den' }, { messages: positions.map((position) => run.shown(position)), position: 10 });
  }
});

const WRONG = 'refused without a reason';

describe('R18: what is done in rooms', () => {
  judge([
    ['a second room of that name', 'acknowledged but missing', (run) => run.done('b', 'room:create', { room: '#DEN' })],
    [
      'a second room of that name, refused',
      null,
      (run) => refused(run, 'b', 'room:create' as never, { room: '#DEN' }, 'room-taken'),
    ],
    [
      'a room of another name, refused',
      WRONG,
      (run) => refused(run, 'b', 'room:create' as never, { room: '#hall' }, 'room-taken'),
    ],
    ['a message of somebody who left', 'acknowledged but missing', (run) => run.send('b', '#den', 'hi')],
    [
      'a message of somebody who left, refused',
      null,
      (run) => run.refuse(run.ask('b', 'message:send', { to: '#den', body: 'hi' }), 'not-a-member'),
    ],
    [
      'a message of a member, refused',
      WRONG,
      (run) => run.refuse(run.ask('a', 'message:send', { to: '#den', body: 'hi' }), 'not-a-member'),
    ],
    [
      'to a room that never was, refused',
      null,
      (run) => run.refuse(run.ask('a', 'message:send', { to: '#hall', body: 'hi' }), 'no-such-room'),
    ],
    [
      'a topic by somebody else',
      'acknowledged but missing',
      (run) => run.done('b', 'room:topic', { room: '#den', topic: 'mine' }),
    ],
    [
      'a topic by whoever owns it by now',
      null,
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.done('c', 'room:join', { room: '#den' });
        run.done('a', 'room:leave', { room: '#den' });
        run.done('b', 'room:topic', { room: '#den', topic: 'mine' });
      },
    ],
    [
      'a topic by whoever came later, after the owner left',
      'acknowledged but missing',
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.done('c', 'room:join', { room: '#den' });
        run.done('a', 'room:leave', { room: '#den' });
        run.done('c', 'room:topic', { room: '#den', topic: 'mine' });
      },
    ],
    [
      'somebody who was removed joins',
      'acknowledged but missing',
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.done('a', 'room:remove', { room: '#den', username: 'bo' });
        run.done('b', 'room:join', { room: '#den' });
      },
    ],
    [
      'somebody who was removed and readmitted joins',
      null,
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.done('a', 'room:remove', { room: '#den', username: 'bo' });
        run.done('a', 'room:readmit', { room: '#den', username: 'bo' });
        run.done('b', 'room:join', { room: '#den' });
      },
    ],
    ['whoever may join is refused', WRONG, (run) => refused(run, 'b', 'room:join', { room: '#den' }, 'forbidden')],
    [
      'a room whose last member left',
      'acknowledged but missing',
      (run) => {
        run.done('a', 'room:leave', { room: '#den' });
        run.done('b', 'room:join', { room: '#den' });
      },
    ],
    [
      'its name is free then',
      null,
      (run) => {
        run.done('a', 'room:leave', { room: '#den' });
        run.done('b', 'room:create', { room: '#den' });
      },
    ],
    [
      "the owner deletes another's message",
      null,
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.send('b', '#den', 'hi');
        run.done('a', 'message:delete', { id: 'm11' });
      },
    ],
    [
      "somebody else deletes another's message",
      'acknowledged but missing',
      (run) => {
        run.done('b', 'room:join', { room: '#den' });
        run.done('b', 'message:delete', { id: 'm9' });
      },
    ],
    ['joining twice is no error', null, (run) => run.done('a', 'room:join', { room: '#den' })],
    [
      'a joining that nobody asked for',
      'done twice',
      (run) => void run.log({ event: 'room:join', account: '3' as never, subject: '4' }),
    ],
    [
      'a joining that was refused and done',
      'refused but done',
      (run) => {
        const call = run.ask('c', 'room:join', { room: '#den' });
        run.logCall(call);
        run.refuse(call, 'limit-reached');
      },
    ],
  ]);
});

describe('R17: lists of rooms', () => {
  const den = { name: '#Den', topic: 'tea', owner: 'ana', members: 1 };
  const list = (run: Recording, rooms: Fields[]) =>
    run.answer(run.ask('c', 'room:list', {}), { rooms, more: false }, true);
  const members = (run: Recording, names: string[]) => {
    const value = { members: names.map((username) => ({ username, online: false })), more: false };
    run.answer(run.ask('c', 'room:members', { room: '#den' }), value, true);
  };
  judge([
    ['all rooms', null, (run) => list(run, [den])],
    ['a room is missing', 'wrong answer', (run) => list(run, [])],
    ['another owner', 'wrong answer', (run) => list(run, [{ ...den, owner: 'bo' }])],
    ['somebody who left is counted', 'wrong answer', (run) => list(run, [{ ...den, members: 2 }])],
    ['the members', null, (run) => members(run, ['ana'])],
    ['a former member', 'wrong answer', (run) => members(run, ['ana', 'bo'])],
  ]);
});
