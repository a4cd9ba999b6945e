import { describe, expect, it } from 'vitest';
import type { Result } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import { InstantEngine } from '../support/instant-engine.ts';
import { Violation } from './checkers.ts';
import { type EngineWatcher, WatchedEngine } from './watched-engine.ts';

/** An engine whose watcher finds something wrong at one step, and what became of that. */
function watched(broken: Partial<EngineWatcher>) {
  const failures: string[] = [];
  const calm: EngineWatcher = {
    onAsked: () => {},
    onAcknowledged: () => {},
    onRefused: () => {},
    onRead: () => undefined,
  };
  const engine = new WatchedEngine(new InstantEngine(), { ...calm, ...broken }, ({ message }) =>
    failures.push(message),
  );
  return { engine, failures };
}

function violate(): never {
  throw new Violation('found');
}

describe('what a watcher of an engine finds', () => {
  it.each<[string, Partial<EngineWatcher>]>([
    ['when a read is asked for', { onRead: violate }],
    ['when a read is confirmed', { onRead: () => ({ onConfirmed: violate, onAnswered: () => {} }) }],
    ['when a read is answered', { onRead: () => ({ onConfirmed: () => {}, onAnswered: violate }) }],
  ])('%s fails the run, and whoever asked is answered all the same', (_when, broken) => {
    const { engine, failures } = watched(broken);
    const answers: Result<number>[] = [];
    engine.read(
      undefined,
      (chat) => chat.position,
      (answer) => answers.push(answer),
    );
    expect(failures).toEqual(['found']);
    expect(answers).toEqual([{ ok: true, value: 0 }]);
  });

  it.each<[string, Partial<EngineWatcher>, string]>([
    ['when a write is asked for', { onAsked: violate }, 'account:create'],
    ['when a write is acknowledged', { onAcknowledged: violate }, 'account:create'],
    ['when a write is refused', { onRefused: violate }, 'session:close'],
  ])('%s fails the run, and whoever asked is answered all the same', (_when, broken, event) => {
    const { engine, failures } = watched(broken);
    const answers: Result<unknown>[] = [];
    const body = JSON.stringify({ username: 'ana', nameKey: 'ana', passwordHash: 'hash' });
    const common = { client: 'a client' as ClientId, request: 1, known: false, account: '' as const };
    engine.submit({ ...common, event: event as never, subject: 'ana', body, asked: 'x' }, (answer) =>
      answers.push(answer),
    );
    expect(failures).toEqual(['found']);
    expect(answers).toHaveLength(1);
  });
});
