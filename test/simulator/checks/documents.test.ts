import { describe, expect, it } from 'vitest';
import { checkClientHistory } from './client-history.ts';
import { Recording } from './recording.ts';

const KEY = 'd0c00000-0000-4000-8000-000000000000';

type Fields = Record<string, unknown>;

/** Asked, done and answered. */
function set(run: Recording, client: string, value: Fields, answered: Fields = { created: false }): number {
  const call = run.ask(client, 'document:set', { key: KEY, value: JSON.stringify(value) });
  const position = run.logCall(call);
  run.answer(call, { replicas: 3, position, ...answered });
  return position;
}

function remove(run: Recording, client: string, answered: Fields = { deleted: true }): void {
  const call = run.ask(client, 'document:delete', { key: KEY });
  run.answer(call, { replicas: 3, position: run.logCall(call), ...answered });
}

function get(run: Recording, client: string, value: Fields | null): void {
  run.answer(run.ask(client, 'document:get', { key: KEY }), found(value));
}

function found(value: Fields | null): Fields {
  return value ? { found: true, value } : { found: false };
}

type Case = [what: string, kind: string | null, play: (run: Recording) => void];

function judge(cases: readonly Case[]): void {
  it.each(cases)('%s: %s', (_what, kind, play) => {
    const run = new Recording();
    play(run);
    const violation = checkClientHistory(run.events, run.entries);
    expect(violation?.split(':')[0] ?? null, violation ?? '').toBe(kind);
  });
}

describe('R17, R18: documents', () => {
  judge([
    [
      'are created, replaced, deleted and read',
      null,
      (run) => {
        get(run, 'b', null);
        set(run, 'a', { n: 1 }, { created: true });
        get(run, 'b', { n: 1 });
        set(run, 'b', { n: 2 });
        get(run, 'a', { n: 2 });
        remove(run, 'a');
        get(run, 'b', null);
        remove(run, 'b', { deleted: false });
        set(run, 'a', { n: 3 }, { created: true });
      },
    ],
    [
      'are read as they were before a set that goes on, or after it',
      null,
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        const setting = run.ask('a', 'document:set', { key: KEY, value: '{"n":2}' });
        get(run, 'b', { n: 1 });
        const position = run.logCall(setting);
        get(run, 'b', { n: 2 });
        run.answer(setting, { created: false, replicas: 3, position });
      },
    ],
    [
      'a read misses what was acknowledged to another before it was asked',
      'stale read',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        set(run, 'a', { n: 2 });
        get(run, 'b', { n: 1 });
      },
    ],
    [
      'a read after the creation finds nothing',
      'stale read',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        get(run, 'a', null);
      },
    ],
    [
      'a deleted one is found',
      'stale read',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        remove(run, 'a');
        get(run, 'b', { n: 1 });
      },
    ],
    [
      'a value is found that nobody set',
      'wrong answer',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        get(run, 'b', { n: 7 });
      },
    ],
    [
      'a value is found before it was asked for',
      'wrong answer',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        get(run, 'b', { n: 2 });
        set(run, 'a', { n: 2 });
      },
    ],
    [
      'a set of a new one is said to have replaced another',
      'wrong answer',
      (run) => void set(run, 'a', { n: 1 }, { created: false }),
    ],
    [
      'a set of one that is there is said to have created it',
      'wrong answer',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        set(run, 'b', { n: 2 }, { created: true });
      },
    ],
    [
      'a deletion is said to have found one where there is none',
      'wrong answer',
      (run) => remove(run, 'a', { deleted: true }),
    ],
    ['it is on no server', 'wrong answer', (run) => void set(run, 'a', { n: 1 }, { created: true, replicas: 0 })],
    [
      'an acknowledged one is not in the log',
      'acknowledged but missing',
      (run) => {
        const call = run.ask('a', 'document:set', { key: KEY, value: '{"n":1}' });
        run.log({ event: 'cluster:view' });
        run.answer(call, { created: true, replicas: 3, position: 1 });
      },
    ],
    [
      'it is set twice',
      'done twice',
      (run) => {
        set(run, 'a', { n: 1 }, { created: true });
        run.log({ event: 'document:set', subject: KEY, body: '{"n":1}', client: 'id of a' as never, request: 9 });
      },
    ],
  ]);
});
