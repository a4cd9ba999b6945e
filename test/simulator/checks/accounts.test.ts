import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

type Case = [what: string, kind: string | null, play: (run: Recording) => void, areRefusalsConfirmed?: boolean];

const ANA = { username: 'ana', password: 'secret' };

function enter(run: Recording, client: string, password = 'secret'): void {
  run.done(client, 'session:open', { username: 'Ana', password });
}

const cases: Case[] = [
  ['a log-in after the creation', null, (run) => enter(run, 'b')],
  ['a log-in with another password', 'not linearizable', (run) => enter(run, 'b', 'wrong')],
  [
    'a refused log-in with the right password',
    'not linearizable',
    (run) => run.refuse(run.ask('b', 'session:open', ANA), 'wrong-password'),
  ],
  [
    'a refused log-in with another password',
    null,
    (run) => run.refuse(run.ask('b', 'session:open', { ...ANA, password: 'wrong' }), 'wrong-password'),
  ],
  [
    'a refusal that says nothing of accounts',
    null,
    (run) => run.refuse(run.ask('b', 'session:open', ANA), 'too-many-connections'),
  ],
  [
    'a log-in after the end of the account was acknowledged',
    'not linearizable',
    (run) => {
      const opened = run.log({ event: 'session:open', account: '1' as never });
      run.done('a', 'account:delete', { password: 'secret' });
      run.answer(run.ask('b', 'session:open', ANA), { username: 'ana', position: opened });
    },
  ],
  [
    'a log-in while the account is being deleted',
    null,
    (run) => {
      const end = run.ask('a', 'account:delete', {});
      enter(run, 'b');
      run.logCall(end);
      run.answer(end);
    },
  ],
  [
    'a name taken anew after its account was deleted',
    null,
    (run) => {
      run.done('a', 'account:delete', {});
      run.create('b', 'ANA', 'another');
      enter(run, 'c', 'another');
    },
  ],
  [
    'the former password after the name was taken anew',
    'not linearizable',
    (run) => {
      run.done('a', 'account:delete', {});
      run.create('b', 'ANA', 'another');
      enter(run, 'c', 'secret');
    },
  ],
  ['a taken name is refused', null, (run) => run.refuse(run.ask('b', 'account:create', ANA), 'username-taken')],
  [
    'a free name is refused',
    'taken by nobody',
    (run) => run.refuse(run.ask('b', 'account:create', { ...ANA, username: 'bo' }), 'username-taken'),
    false,
  ],
  [
    'a free name is refused by who knows',
    'not linearizable',
    (run) => run.refuse(run.ask('b', 'account:create', { ...ANA, username: 'bo' }), 'username-taken'),
  ],
  [
    'a name is refused that is free again, by a primary that was left behind',
    null,
    (run) => {
      run.done('a', 'account:delete', {});
      run.refuse(run.ask('b', 'account:create', ANA), 'username-taken');
    },
    false,
  ],
  [
    'a name is refused that is free again',
    'not linearizable',
    (run) => {
      run.done('a', 'account:delete', {});
      run.refuse(run.ask('b', 'account:create', ANA), 'username-taken');
    },
  ],
  [
    'two accounts of one name',
    'acknowledged but missing',
    (run) => {
      const call = run.ask('b', 'account:create', ANA);
      run.logCall(call);
      run.answer(call, { username: 'ana' });
    },
  ],
  [
    'two accounts of one name, of which one may have been deleted later',
    null,
    (run) => {
      const end = run.ask('a', 'account:delete', {});
      run.logCall(end);
      run.create('b', 'ana', 'another');
      enter(run, 'c', 'another');
    },
  ],
  [
    'a creation without an answer explains a log-in',
    null,
    (run) => {
      run.logCall(run.ask('b', 'account:create', { username: 'bo', password: 'secret' }));
      run.done('c', 'session:open', { username: 'bo', password: 'secret' });
    },
  ],
  [
    'a deletion without an answer does not come back',
    'not linearizable',
    (run) => {
      run.logCall(run.ask('a', 'account:delete', {}));
      const opened = run.log({ event: 'session:open', account: '1' as never });
      const [end, entered] = run.entries.splice(1, 2);
      run.entries.push({ ...entered!, op: 2, time: end!.time }, { ...end!, op: 3, time: entered!.time });
      run.refuse(run.ask('b', 'session:open', ANA), 'wrong-password');
      run.answer(run.ask('c', 'session:open', ANA), { username: 'ana', position: opened - 1 });
    },
  ],
  [
    'a refused deletion did nothing',
    'refused but done',
    (run) => {
      const call = run.ask('a', 'account:delete', { password: 'wrong' });
      run.logCall(call);
      run.refuse(call, 'wrong-password');
    },
  ],
];

describe('R17, R18: accounts are linearizable', () => {
  it.each(cases)('%s: %s', (_what, kind, play, areRefusalsConfirmed = true) => {
    const run = new Recording();
    run.create('a', 'ana');
    play(run);
    const violation = checkClientHistory(run.events, run.entries, { areRefusalsConfirmed });
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
});
