import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

type Fields = Record<string, unknown>;
type Case = [what: string, kind: string | null, play: (run: Recording) => void];

/** Ana at 1, bo at 2; ana's message to bo at 3, edited at 4, bo's reaction at 5, edited again at 6, bo's answer at 7. */
function conversation(): Recording {
  const run = new Recording();
  run.create('a', 'ana');
  run.create('b', 'bo');
  run.send('a', 'bo', 'one');
  run.done('a', 'message:edit', { id: 'm3', body: 'uno' });
  run.done('b', 'message:react', { id: 'm3', reaction: '+1' });
  run.done('a', 'message:edit', { id: 'm3', body: 'eins' });
  run.done('b', 'message:send', { to: 'ana', body: 'two', replyTo: 'm3' });
  return run;
}

const timeAt = (run: Recording, position: number) => run.entries[position - 1]!.time;
/** The message as it is in the end. */
const asInTheEnd = (run: Recording): Fields => ({
  body: 'eins',
  editedAt: timeAt(run, 6),
  reactions: [{ reaction: '+1', by: ['bo'] }],
});
const tellAll = (run: Recording, client: string, positions: readonly number[]) => {
  for (const position of positions) run.tell(client, position);
};

function judge(cases: readonly Case[]): void {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = conversation();
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

describe('R17: edits and reactions that are told', () => {
  judge([
    ['as they happened', null, (run) => tellAll(run, 'b', [3, 4, 5, 6, 7])],
    ['an edit is missing', 'told with a gap', (run) => tellAll(run, 'b', [3, 5, 6, 7])],
    ['a reaction is missing', 'told with a gap', (run) => tellAll(run, 'b', [3, 4, 6, 7])],
    ['the last edit is missing', 'told with a gap', (run) => tellAll(run, 'b', [3, 4, 5, 7])],
    ['an edit twice', 'told twice', (run) => tellAll(run, 'b', [3, 4, 4])],
    ['in the wrong order', 'told out of order', (run) => tellAll(run, 'b', [3, 5, 4])],
    ['another text', 'told wrong', (run) => run.tell('b', 4, { body: 'un' })],
    ['another reaction', 'told wrong', (run) => run.tell('b', 5, { reaction: '-1' })],
    ['a reaction of somebody else', 'told wrong', (run) => run.tell('b', 5, { from: 'ana' })],
    ['a reaction as taken back', 'told wrong', (run) => run.tell('b', 5, { on: false })],
    ['an edit of another message', 'phantom', (run) => run.tell('b', 4, { id: 'm7' })],
    ['an edit where there was a reaction', 'phantom', (run) => run.tell('b', 4, { position: 5 })],
    [
      'missed, the message as it is by now',
      null,
      (run) => {
        run.tell('b', 3, { ...asInTheEnd(run), replayed: true });
        tellAll(run, 'b', [7]);
      },
    ],
    [
      'missed, the message as it was',
      'told with a gap',
      (run) => {
        run.tell('b', 3, { replayed: true });
        tellAll(run, 'b', [7]);
      },
    ],
    ['new, and as it is by now', 'told wrong', (run) => run.tell('b', 3, { ...asInTheEnd(run), replayed: false })],
    [
      'missed in part, the latest shows all',
      null,
      (run) => {
        tellAll(run, 'b', [3]);
        run.tellChanged('b', 6, 3, asInTheEnd(run));
        tellAll(run, 'b', [7]);
      },
    ],
    [
      'missed in part, and the latest shows not all',
      'told wrong',
      (run) => {
        tellAll(run, 'b', [3]);
        run.tellChanged('b', 6, 3, { ...asInTheEnd(run), reactions: undefined });
      },
    ],
    [
      'a change where there was none',
      'phantom',
      (run) => {
        tellAll(run, 'b', [3]);
        run.tellChanged('b', 7, 3, asInTheEnd(run));
      },
    ],
    [
      'the same reaction again, which is told to nobody',
      null,
      (run) => {
        run.done('b', 'message:react', { id: 'm3', reaction: '+1' });
        run.send('a', 'bo', 'three');
        tellAll(run, 'b', [3, 4, 5, 6, 7, 9]);
      },
    ],
    [
      'the same reaction again, and it is told',
      'phantom',
      (run) => run.tell('b', run.done('b', 'message:react', { id: 'm3', reaction: '+1' })),
    ],
    ['another answered message', 'told wrong', (run) => run.tell('b', 7, { replyTo: 'm7' })],
  ]);
});

describe('R17: edits and reactions in pages', () => {
  const page = (run: Recording, ask: Fields, value: Fields) =>
    run.answer(run.ask('b', 'message:history', ask), {
      ...{ messages: [run.shown(7)], deletions: [], changes: [], position: 7, more: false },
      ...value,
    });
  const changed = (run: Recording, position = 6) => ({ position, message: { ...run.shown(3), ...asInTheEnd(run) } });
  judge([
    ['the latest change of a message', null, (run) => page(run, { after: 3 }, { changes: [changed(run)] })],
    ['no change', 'wrong page', (run) => page(run, { after: 3 }, {})],
    ['all changes', 'wrong page', (run) => page(run, { after: 3 }, { changes: [changed(run, 5), changed(run)] })],
    ['a message as it is', null, (run) => page(run, { before: 7 }, { messages: [changed(run).message] })],
    ['a message as it was', 'wrong page', (run) => page(run, { before: 7 }, { messages: [run.shown(3)] })],
    [
      'a message that is gone has no changes',
      null,
      (run) => {
        run.done('a', 'message:delete', { id: 'm3' });
        page(run, { after: 3 }, { deletions: [{ id: 'm3', position: 8 }], position: 8 });
      },
    ],
    ['one message', null, (run) => run.answer(run.ask('b', 'message:get', { id: 'm3' }), { ...changed(run).message })],
    [
      'one message as it was',
      'wrong answer',
      (run) => run.answer(run.ask('b', 'message:get', { id: 'm3' }), run.shown(3), true),
    ],
    [
      'what a search finds',
      null,
      (run) =>
        run.answer(
          run.ask('b', 'message:search', { text: 'EINS' }),
          { messages: [changed(run).message], position: 0, more: false },
          true,
        ),
    ],
    [
      'a search that finds nothing',
      'wrong answer',
      (run) => {
        const call = run.ask('b', 'message:search', { text: 'eins' });
        run.answer(call, { messages: [], position: 0, more: false }, true);
      },
    ],
    [
      'a search that goes on further down',
      null,
      (run) => {
        const call = run.ask('b', 'message:search', { text: 'eins' });
        run.answer(call, { messages: [], position: 7, more: true }, true);
      },
    ],
    [
      'a search for the former text',
      'wrong answer',
      (run) =>
        run.answer(
          run.ask('b', 'message:search', { text: 'uno' }),
          { messages: [changed(run).message], position: 0, more: false },
          true,
        ),
    ],
  ]);
});

const WRONG = 'refused without a reason';

describe('R18: who may change what', () => {
  judge([
    [
      "another's message is edited",
      'acknowledged but missing',
      (run) => run.done('b', 'message:edit', { id: 'm3', body: 'x' }),
    ],
    [
      "another's message, refused",
      null,
      (run) => run.refuse(run.ask('b', 'message:edit', { id: 'm3', body: 'x' }), 'forbidden'),
    ],
    [
      'an own message, refused',
      WRONG,
      (run) => run.refuse(run.ask('a', 'message:edit', { id: 'm3', body: 'x' }), 'forbidden'),
    ],
    [
      'an edit at another time than is answered',
      'wrong answer',
      (run) => {
        const call = run.ask('a', 'message:edit', { id: 'm3', body: 'x' });
        run.answer(call, { position: run.logCall(call), at: 1 });
      },
    ],
    [
      'an edit is done twice',
      'done twice',
      (run) => {
        run.done('a', 'message:edit', { id: 'm3', body: 'x' });
        run.log({ event: 'message:edit', account: '1' as never, subject: 'm3', body: 'x' });
      },
    ],
    [
      'an answer to another message',
      'wrong reply',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'x', replyTo: 'm7' });
        const position = run.log({ event: 'message:send', account: '1' as never, subject: '2 m3', id: 'm', body: 'x' });
        run.answer(call, { id: 'm', position, at: timeAt(run, position) });
      },
    ],
    [
      'whoever is blocked writes',
      'acknowledged but missing',
      (run) => {
        run.done('b', 'account:block', { username: 'ana' });
        run.send('a', 'bo', 'x');
      },
    ],
    [
      'whoever is blocked reacts',
      'acknowledged but missing',
      (run) => {
        run.done('b', 'account:block', { username: 'ana' });
        run.done('a', 'message:react', { id: 'm7', reaction: '+1' });
      },
    ],
    [
      'whoever is blocked takes a reaction back',
      null,
      (run) => {
        run.done('a', 'account:block', { username: 'bo' });
        run.done('b', 'message:unreact', { id: 'm3', reaction: '+1' });
      },
    ],
    [
      'whoever blocks is refused as well',
      null,
      (run) => {
        run.done('b', 'account:block', { username: 'ana' });
        run.refuse(run.ask('b', 'message:send', { to: 'ana', body: 'x' }), 'blocked');
      },
    ],
    [
      'nobody blocks, and it is refused',
      WRONG,
      (run) => run.refuse(run.ask('b', 'message:send', { to: 'ana', body: 'x' }), 'blocked'),
    ],
    [
      'unblocked again',
      null,
      (run) => {
        run.done('b', 'account:block', { username: 'ana' });
        run.done('b', 'account:unblock', { username: 'ana' });
        run.send('a', 'bo', 'x');
      },
    ],
  ]);
});
