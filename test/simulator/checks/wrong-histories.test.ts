import { describe, expect, it } from 'vitest';
import { BrokenRecording } from './calls.ts';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

/** Two people who know each other; the next position is 3. */
function twoPeople(): Recording {
  const run = new Recording();
  run.create('a', 'ana');
  run.create('b', 'bo');
  return run;
}

type Case = [promise: string, kind: string | null, play: (run: Recording) => void];

function judge(cases: readonly Case[], start: () => Recording = twoPeople): void {
  it.each(cases)('%s: %s', (_promise, kind, play) => {
    const run = start();
    play(run);
    const violation = checkClientHistory(run.events, run.entries, { areRefusalsConfirmed: true });
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

describe('R4, R18: what was acknowledged is there, once', () => {
  judge([
    ['a message that was sent', null, (run) => run.send('a', 'bo', 'hi')],
    [
      'an acknowledged message is nowhere',
      'acknowledged but missing',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.log({ event: 'cluster:view' });
        run.answer(call, { id: 'm3', position: 3, at: run.entries[2]!.time });
      },
    ],
    [
      'it is at another position than was answered',
      'acknowledged but missing',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.logCall(call);
        run.log({ event: 'cluster:view' });
        run.answer(call, { ...run.valueOf(call, 3), position: 4 });
      },
    ],
    [
      'it is in the log, but was refused there',
      'acknowledged but missing',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'cy', body: 'hi' });
        run.answer(call, run.valueOf(call, run.logCall(call)));
      },
    ],
    [
      'it has another id than was answered',
      'wrong answer',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.answer(call, { ...run.valueOf(call, run.logCall(call)), id: 'other' });
      },
    ],
    [
      'it went to somebody else',
      'wrong recipient',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        const position = run.log({ event: 'message:send', account: '1' as never, subject: '1', id: 'm', body: 'hi' });
        run.answer(call, { id: 'm', position, at: run.entries[2]!.time });
      },
    ],
    [
      'it was sent by somebody else',
      "another's doing",
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        const position = run.log({ event: 'message:send', account: '2' as never, subject: '2', id: 'm', body: 'hi' });
        run.answer(call, { id: 'm', position, at: run.entries[2]!.time });
      },
    ],
    [
      'a message is doubled',
      'done twice',
      (run) => {
        run.send('a', 'bo', 'hi');
        run.log({ event: 'message:send', account: '1' as never, subject: '2', id: 'again', body: 'hi' });
      },
    ],
    [
      'one request is in the log twice',
      'done twice',
      (run) => {
        run.send('a', 'bo', 'hi');
        run.entries.push({ ...run.entries[2]!, op: 4 });
      },
    ],
    [
      'nobody sent it',
      'phantom',
      (run) => void run.log({ event: 'message:send', account: '1' as never, subject: '2', id: 'm', body: 'hi' }),
    ],
    [
      'it was refused for good, and done',
      'refused but done',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.logCall(call);
        run.refuse(call, 'no-such-account');
      },
    ],
    [
      'it was left open, and done',
      null,
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.logCall(call);
        run.refuse(call, 'request-forgotten', false);
      },
    ],
    [
      'it was left open, and done twice',
      'done twice',
      (run) => {
        const call = run.ask('a', 'message:send', { to: 'bo', body: 'hi' });
        run.logCall(call);
        run.entries.push({ ...run.entries[2]!, op: 4, request: 9, id: 'again' });
        run.refuse(call, 'request-forgotten', false);
      },
    ],
    [
      'two messages are one operation',
      'one for two',
      (run) => {
        run.send('a', 'bo', 'hi');
        const call = run.ask('a', 'message:delete', { id: 'm3' });
        const position = run.logCall(call);
        run.answer(run.ask('a', 'account:create', { username: 'cy' }), { username: 'cy', position });
        run.answer(call, { position });
      },
    ],
    [
      'a deletion was acknowledged and the message is still there',
      'acknowledged but missing',
      (run) => {
        run.send('a', 'bo', 'hi');
        run.log({ event: 'cluster:view' });
        run.answer(run.ask('a', 'message:delete', { id: 'm3' }), { position: 4 });
      },
    ],
    [
      'a deletion was refused and done',
      'refused but done',
      (run) => {
        run.send('a', 'bo', 'hi');
        const call = run.ask('a', 'message:delete', { id: 'm3' });
        run.logCall(call);
        run.refuse(call, 'forbidden');
      },
    ],
    [
      'an acknowledged account is nowhere',
      'acknowledged but missing',
      (run) => run.answer(run.ask('c', 'account:create', { username: 'cy', password: 'x' }), { username: 'cy' }),
    ],
    [
      'a log-in is nowhere',
      'acknowledged but missing',
      (run) => run.answer(run.ask('c', 'session:open', { username: 'ana', password: 'secret' }), { username: 'ana' }),
    ],
    [
      'the end of an account is nowhere',
      'acknowledged but missing',
      (run) => run.answer(run.ask('a', 'account:delete', { password: 'secret' })),
    ],
    [
      'an account that nobody asked for',
      'phantom',
      (run) => {
        run.logCall(run.ask('c', 'account:create', { username: 'cy', password: 'x' }));
        run.events.pop();
      },
    ],
    [
      'an account was refused and created',
      'refused but done',
      (run) => {
        const call = run.ask('c', 'account:create', { username: 'cy', password: 'x' });
        run.logCall(call);
        run.refuse(call, 'weak-password');
      },
    ],
  ]);
});

describe('I5: the log itself', () => {
  judge([
    ['an operation is missing in it', 'gap', (run) => run.entries.shift()],
    [
      'an operation is earlier than the one before it',
      'time goes back',
      (run) => {
        run.send('a', 'bo', 'hi');
        run.entries[1] = { ...run.entries[1]!, time: run.entries[2]!.time + 1 };
      },
    ],
    [
      'requests of a client are in another order than their numbers',
      'order',
      (run) => {
        run.send('a', 'bo', 'hi');
        run.send('a', 'bo', 'ho');
        run.entries[3] = { ...run.entries[3]!, request: 2 };
      },
    ],
  ]);
});

describe('R18: order', () => {
  judge([
    [
      'two messages under way, in their order',
      null,
      (run) => {
        const calls = ['hi', 'ho'].map((body) => run.ask('a', 'message:send', { to: 'bo', body }));
        for (const call of calls) run.answer(call, run.valueOf(call, run.logCall(call)));
      },
    ],
    [
      'two messages of a client are swapped',
      'order',
      (run) => {
        const [first, second] = ['hi', 'ho'].map((body) => run.ask('a', 'message:send', { to: 'bo', body }));
        const entries = [second!, first!].map((call) => [call, run.logCall(call)] as const);
        run.entries[2] = { ...run.entries[2]!, request: 3 };
        run.entries[3] = { ...run.entries[3]!, request: 4 };
        for (const [call, position] of entries) run.answer(call, run.valueOf(call, position));
      },
    ],
    [
      'what was asked after an acknowledgement lies before it',
      'order',
      (run) => {
        const early = run.logCall(run.ask('b', 'message:send', { to: 'ana', body: 'early' }));
        const asked = run.events.pop()!;
        run.send('a', 'bo', 'hi');
        run.events.push({ ...asked, atMs: run.events.length });
        run.answer(3, run.valueOf(3, early));
      },
    ],
    [
      'one client id for two clients',
      "another's doing",
      (run) => {
        run.send('a', 'bo', 'hi');
        const call = run.ask('b', 'message:send', { to: 'ana', body: 'ho' });
        const position = run.logCall(call);
        run.entries[3] = { ...run.entries[3]!, client: run.entries[2]!.client };
        run.answer(call, run.valueOf(call, position));
      },
    ],
  ]);
});

describe('a recording that no program can have made', () => {
  it('is not judged', () => {
    const run = twoPeople();
    run.answer(1);
    expect(() => checkClientHistory(run.events, run.entries)).toThrow(BrokenRecording);
    const late = twoPeople();
    late.events.reverse();
    expect(() => checkClientHistory(late.events, late.entries)).toThrow(BrokenRecording);
  });
});
