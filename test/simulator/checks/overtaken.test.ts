import { describe, expect, it } from 'vitest';
import { checkOvertaken } from './overtaken-checker.ts';
import { Recording } from './recording.ts';

function overtaken(spread: boolean, event: 'message:send' | 'session:open'): string | null {
  const run = new Recording();
  run.events.push({ type: 'started', atMs: 0, client: 'a', spread });
  run.refuse(run.ask('a', event, { to: 'bo', body: 'x' }), 'overtaken');
  return checkOvertaken(run.events);
}

describe('R28: what is said to be overtaken', () => {
  it('is a violation at a client whose requests go to any server', () => {
    expect(overtaken(true, 'message:send')).toContain('overtaken: message:send of a (call 1)');
  });

  it('is none behind documents, which need no log-in', () => {
    const run = new Recording();
    run.events.push({ type: 'started', atMs: 0, client: 'a', spread: true });
    const call = run.ask('a', 'message:send', { to: 'bo', body: 'x' });
    run.answer(run.ask('a', 'document:set', { key: 'k', value: 1 }), {});
    run.refuse(call, 'overtaken');
    expect(checkOvertaken(run.events)).toBeNull();
  });

  it('is none elsewhere, nor of what only the primary does', () => {
    expect(overtaken(false, 'message:send')).toBeNull();
    expect(overtaken(true, 'session:open')).toBeNull();
  });
});
