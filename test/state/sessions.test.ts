import { describe, expect, it } from 'vitest';
import type { SessionId } from '../../shared/ids.ts';
import { SESSIONS_PER_ACCOUNT } from '../../shared/limits.ts';
import { ChatLog } from './chat-log.ts';

/** Who is logged in with the session of that operation. */
function accountOf(log: ChatLog, session: string) {
  const { time } = log.entries[Number(session) - 1]!;
  return log.state.accountOfLogIn({ session: session as SessionId, openedAt: time });
}

describe('sessions', () => {
  it('are opened by creating an account and by logging in, each under its own position', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    log.pass(1);
    expect(log.logIn(ana)).toBe('3');
    expect(accountOf(log, '1')?.id).toBe(ana);
    expect(accountOf(log, '3')?.id).toBe(ana);
    expect(accountOf(log, '2')).toBeUndefined();
  });

  it('that are closed stay closed', () => {
    const log = new ChatLog();
    const ana = log.create('ana');
    const session = log.logIn(ana);
    const close = { event: 'session:close', account: ana, subject: session } as const;
    expect(log.apply(close).notices).toEqual([{ type: 'session:ended', session, reason: 'You logged out.' }]);
    expect(accountOf(log, session)).toBeUndefined();
    expect(accountOf(log, '1')?.id).toBe(ana);
    expect(log.apply(close).outcome.refused).toBe('not-logged-in');
  });

  it('are closed by their own account only', () => {
    const log = new ChatLog();
    log.create('ana');
    const bo = log.create('bo');
    expect(log.apply({ event: 'session:close', account: bo, subject: '1' }).outcome.refused).toBe('forbidden');
    expect(accountOf(log, '1')).toBeDefined();
  });

  it('R20: one that was opened at another time is another one, though an operation of that number opened it', () => {
    const log = new ChatLog();
    log.create('ana');
    const openedAt = log.entries[0]!.time - 1;
    expect(log.state.accountOfLogIn({ session: '1' as SessionId, openedAt })).toBeUndefined();
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
    expect(accountOf(log, '1')?.id).toBe(ana);
    const { outcome, notices } = log.apply({ event: 'session:open', account: ana });
    expect(notices).toEqual([{ type: 'session:ended', session: '1', reason: expect.stringContaining('log in again') }]);
    expect(accountOf(log, '1')).toBeUndefined();
    expect(accountOf(log, String(outcome.position))?.id).toBe(ana);
    expect(accountOf(log, '2')?.id).toBe(bo);
  });
});
