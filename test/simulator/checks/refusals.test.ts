import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

type Case = [what: string, kind: string | null, play: (run: Recording) => void];

const WRONG = 'refused without a reason';
const send = (run: Recording, to: string) => run.ask('a', 'message:send', { to, body: 'hi' });

const cases: Case[] = [
  ['the recipient never was', null, (run) => run.refuse(send(run, 'cy'), 'no-such-account')],
  [
    'the recipient is there',
    WRONG,
    (run) => {
      run.send('b', 'ana', 'here');
      run.refuse(send(run, 'Bo'), 'no-such-account');
    },
  ],
  [
    'the message is forgotten with its people',
    null,
    (run) => {
      run.send('a', 'ana', 'to myself');
      run.done('a', 'account:delete', {});
      run.create('a', 'ana');
      run.refuse(run.ask('a', 'message:delete', { id: 'm3' }), 'no-such-message');
    },
  ],
  [
    'the message is of somebody who had the name before',
    null,
    (run) => {
      run.send('a', 'bo', 'hi');
      run.done('a', 'account:delete', {});
      run.create('a', 'ana');
      run.refuse(run.ask('a', 'message:delete', { id: 'm3' }), 'forbidden');
    },
  ],
  [
    'it waited behind the end of its own account, whose name somebody else has by then',
    null,
    (run) => {
      const end = run.ask('a', 'account:delete', {});
      run.logCall(end);
      run.create('b', 'ana');
      run.send('b', 'ana', 'here');
      const call = send(run, 'ana');
      run.answer(end, {});
      run.refuse(call, 'no-such-account');
    },
  ],
  [
    'the recipient is deleted meanwhile',
    null,
    (run) => {
      const call = send(run, 'bo');
      run.done('b', 'account:delete', {});
      run.refuse(call, 'no-such-account');
    },
  ],
  [
    'the recipient was there before, and is again',
    WRONG,
    (run) => {
      run.done('b', 'account:delete', {});
      run.create('b', 'bo');
      run.send('b', 'ana', 'here again');
      run.refuse(send(run, 'bo'), 'no-such-account');
    },
  ],
  [
    'the sender is gone',
    null,
    (run) => {
      const call = send(run, 'bo');
      run.done('a', 'account:delete', {});
      run.refuse(call, 'no-such-account');
    },
  ],
  ['a refusal of another kind says nothing', null, (run) => run.refuse(send(run, 'bo'), 'too-large')],
  ['no such message', null, (run) => run.refuse(run.ask('a', 'message:delete', { id: 'none' }), 'no-such-message')],
  [
    'the message is there',
    WRONG,
    (run) => {
      run.send('a', 'bo', 'hi');
      run.refuse(run.ask('a', 'message:delete', { id: 'm3' }), 'no-such-message');
    },
  ],
  [
    'the message was deleted before',
    null,
    (run) => {
      run.send('a', 'bo', 'hi');
      run.done('a', 'message:delete', { id: 'm3' });
      run.refuse(run.ask('a', 'message:delete', { id: 'm3' }), 'no-such-message');
    },
  ],
  [
    "another's message",
    null,
    (run) => {
      run.send('a', 'bo', 'hi');
      run.refuse(run.ask('b', 'message:delete', { id: 'm3' }), 'forbidden');
    },
  ],
  [
    'an own message',
    WRONG,
    (run) => {
      run.send('a', 'bo', 'hi');
      run.refuse(run.ask('a', 'message:delete', { id: 'm3' }), 'forbidden');
    },
  ],
];

describe('R17: what is refused for good has its reason', () => {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = new Recording();
    run.create('a', 'ana');
    run.create('b', 'bo');
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
    expect(checkClientHistory(run.events, run.entries, { areRefusalsConfirmed: false })).toBeNull();
  });
});
