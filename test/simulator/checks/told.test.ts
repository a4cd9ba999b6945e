import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

/** Messages of ana to bo at 4, 5 and 6, bo's to cy at 7; 8 is the end of the one at 4, 9 another message of ana's. */
function conversation(): Recording {
  const run = new Recording();
  for (const [client, name] of [
    ['a', 'ana'],
    ['b', 'bo'],
    ['c', 'cy'],
  ] as const) {
    run.create(client, name);
  }
  for (const body of ['one', 'two', 'three']) run.send('a', 'bo', body);
  run.send('b', 'cy', 'other');
  run.done('a', 'message:delete', { id: 'm4' });
  run.send('a', 'bo', 'last');
  return run;
}

type Case = [what: string, kind: string | null, play: (run: Recording) => void];

const tellAll = (run: Recording, client: string, positions: readonly number[]) => {
  for (const position of positions) run.tell(client, position);
};

const cases: Case[] = [
  ['everything, as it happened', null, (run) => tellAll(run, 'b', [4, 5, 6, 7, 8, 9])],
  ['everything, one message already gone', null, (run) => tellAll(run, 'b', [5, 6, 7, 8, 9])],
  ['only the beginning', null, (run) => tellAll(run, 'b', [4, 5])],
  ['a deleted message is missing, and its deletion has not come yet', null, (run) => tellAll(run, 'b', [5, 6, 7])],
  ['a message is missing in between', 'told with a gap', (run) => tellAll(run, 'b', [4, 5, 7])],
  ['the first message is missing', 'told with a gap', (run) => tellAll(run, 'b', [6, 7, 8])],
  ['a deletion is missing', 'told with a gap', (run) => tellAll(run, 'b', [4, 5, 6, 7, 9])],
  ['a message is told twice', 'told twice', (run) => tellAll(run, 'b', [4, 5, 5])],
  ['two messages are told in the wrong order', 'told out of order', (run) => tellAll(run, 'b', [5, 4])],
  ['a deletion comes before its message', 'told out of order', (run) => tellAll(run, 'b', [5, 6, 7, 8, 4])],
  ['a message of others', 'told a stranger', (run) => tellAll(run, 'a', [4, 5, 6, 7])],
  ['another text than was sent', 'told wrong', (run) => run.tell('b', 4, { body: 'won' })],
  ['another time than is logged', 'told wrong', (run) => run.tell('b', 4, { at: 1 })],
  ['another sender', 'told wrong', (run) => run.tell('b', 4, { from: 'cy' })],
  ['a message that was never sent', 'phantom', (run) => run.tell('b', 4, { id: 'none' })],
  ['a deletion at another position', 'phantom', (run) => run.tell('b', 8, { position: 10 })],
  [
    'a message before it was sent',
    'phantom',
    (run) => {
      const call = run.ask('a', 'message:send', { to: 'bo', body: 'soon' });
      const asked = run.events.pop()!;
      const position = run.logCall(call);
      run.tell('b', position);
      run.events.push({ ...asked, atMs: run.events.length });
    },
  ],
  [
    'after a crash some of it again',
    null,
    (run) => {
      tellAll(run, 'b', [4, 5, 6]);
      run.restart('b');
      tellAll(run, 'b', [5, 6, 7, 8, 9]);
    },
  ],
  [
    'after a crash something new is missing',
    'told with a gap',
    (run) => {
      tellAll(run, 'b', [4, 5]);
      run.restart('b');
      tellAll(run, 'b', [5, 7, 8, 9]);
    },
  ],
  [
    'after a crash one thing twice',
    'told twice',
    (run) => {
      tellAll(run, 'b', [4, 5]);
      run.restart('b');
      tellAll(run, 'b', [5, 5]);
    },
  ],
  [
    'everything again after leaving and another log-in',
    null,
    (run) => {
      tellAll(run, 'b', [4, 5, 6]);
      run.done('b', 'session:close', {});
      run.done('b', 'session:open', { username: 'bo', password: 'secret' });
      tellAll(run, 'b', [5, 6, 7, 8, 9]);
    },
  ],
  [
    'what the account has received is not told to its next device',
    null,
    (run) => {
      run.log({ event: 'message:received', body: '2=6' });
      run.done('d', 'session:open', { username: 'bo', password: 'secret' });
      tellAll(run, 'd', [7, 8, 9]);
    },
  ],
  [
    'what nobody has received is not told to the next device',
    'told with a gap',
    (run) => {
      run.log({ event: 'message:received', body: '2=5' });
      run.done('d', 'session:open', { username: 'bo', password: 'secret' });
      tellAll(run, 'd', [7, 8, 9]);
    },
  ],
];

describe('what a client is told', () => {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = conversation();
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
});
