import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';
import { ChatLog } from './chat-log.ts';

describe('sessions', () => {
  it('are opened by creating an account and by logging in, each under its own position', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.pass(1);
    expect(log.logIn(ana)).toBe('3');
    expect(log.state.accountOfSession('1' as SessionId)?.id).toBe(ana);
    expect(log.state.accountOfSession('3' as SessionId)?.id).toBe(ana);
    expect(log.state.accountOfSession('2' as SessionId)).toBeUndefined();
  });

  it('that are closed stay closed', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    const session = log.logIn(ana);
    const close = { event: 'session:close', account: ana, subject: session } as const;
    expect(log.apply(close).notices).toEqual([{ type: 'session:ended', session, reason: 'You logged out.' }]);
    expect(log.state.accountOfSession(session)).toBeUndefined();
    expect(log.state.accountOfSession('1' as SessionId)?.id).toBe(ana);
    expect(log.apply(close).outcome.refused).toBe('not-logged-in');
  });

  it('are closed by their own account only', () => {
    const log = new ChatLog();
    log.create('ana');
    const bo = log.create('bo');
    expect(log.apply({ event: 'session:close', account: bo, subject: '1' }).outcome.refused).toBe('forbidden');
    expect(log.state.accountOfSession('1' as SessionId)).toBeDefined();
  });

  it('are for accounts that exist', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.deleteAccount(ana);
    expect(log.apply({ event: 'session:open', account: ana }).outcome.refused).toBe('no-such-account');
  });

  it('end with the oldest when an account has too many, and with no one else’s', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    const bo = log.create('bo');
    for (let open = 1; open < SESSIONS_PER_ACCOUNT; open++) log.logIn(ana);
    expect(log.state.accountOfSession('1' as SessionId)?.id).toBe(ana);
    const { outcome, notices } = log.apply({ event: 'session:open', account: ana });
    expect(notices).toEqual([{ type: 'session:ended', session: '1', reason: expect.stringContaining('log in again') }]);
    expect(log.state.accountOfSession('1' as SessionId)).toBeUndefined();
    expect(log.state.accountOfSession(String(outcome.position) as SessionId)?.id).toBe(ana);
    expect(log.state.accountOfSession('2' as SessionId)?.id).toBe(bo);
  });
});
