import { describe, expect, it } from 'vitest';
import { ChatState } from '../../server/state/chat-state.ts';
import { BLOCKS_PER_ACCOUNT } from '../../shared/limits.ts';
import { ChatLog } from './chat-log.ts';

function twoPeople() {
  const log = new ChatLog();
  return { log, ana: log.create('Ana'), bo: log.create('bo') };
}

describe('settings of an account', () => {
  it('a new password ends all log-ins but the one that asked for it', () => {
    const { log, ana } = twoPeople();
    const [second, third] = [log.logIn(ana), log.logIn(ana)];
    const { notices } = log.apply({ event: 'account:password', account: ana, subject: third, body: 'new hash' });
    const reason = 'The password was changed; log in again.';
    expect(notices).toEqual([
      { type: 'session:ended', session: '1', reason },
      { type: 'session:ended', session: second, reason },
    ]);
    expect(log.state.account(ana)?.passwordHash).toBe('new hash');
    expect(log.state.sessionCount(ana)).toBe(1);
    const { notices: all } = log.apply({ event: 'session:close-all', account: ana });
    expect(all).toEqual([expect.objectContaining({ session: third })]);
    expect(log.state.sessionCount(ana)).toBe(0);
  });

  it('a display name is told to all, and can be taken away', () => {
    const { log, ana, bo } = twoPeople();
    log.send(ana, bo);
    const change = { username: 'Ana', displayName: 'Ana of the Teapots', position: 4 };
    const profile = (body: string) => log.apply({ event: 'account:profile', account: ana, body });
    expect(profile(change.displayName).notices).toEqual([{ type: 'account:changed', change }]);
    expect(log.state.accountByName('ana')?.displayName).toBe(change.displayName);
    const list = () => log.state.conversations({ account: bo, limit: 9 }).conversations;
    expect(list()).toEqual([expect.objectContaining({ with: 'Ana', displayName: change.displayName })]);
    profile('');
    expect(list()[0]).not.toHaveProperty('displayName');
  });

  it('a block keeps either side from writing to the other, and nobody out of rooms', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(bo, ana);
    const block = (event: 'account:block' | 'account:unblock') => log.apply({ event, account: ana, subject: bo });
    expect(block('account:block').notices).toEqual([
      { type: 'account:blocked', account: ana, block: { username: 'bo', blocked: true, position: 4 } },
    ]);
    expect(block('account:block')).toMatchObject({ outcome: { refused: '' }, notices: [] });
    const send = (from: typeof ana, to: typeof ana) =>
      log.apply({ event: 'message:send', account: from, subject: to, id: 'x', body: 'x' }).outcome.refused;
    expect([send(bo, ana), send(ana, bo)]).toEqual(['blocked', 'blocked']);
    expect([log.edit(bo, id, 'x').outcome.refused, log.react(bo, id, 'x').outcome.refused]).toEqual([
      'blocked',
      'blocked',
    ]);
    expect(log.react(bo, id, 'x', false).outcome.refused).toBe('');
    expect(log.deleteMessage(bo, id).outcome.refused).toBe('');
    const room = log.createRoom(ana, '#tea');
    log.join(bo, room);
    log.send(bo, room);
    expect([log.state.blockedBy(ana), log.state.isBlocked(ana, bo), log.state.isBlocked(bo, ana)]).toEqual([
      ['bo'],
      true,
      false,
    ]);
    block('account:unblock');
    expect(send(bo, ana)).toBe('');
  });

  it('a block of oneself is refused, of too many too, and ends with the account', () => {
    const { log, ana, bo } = twoPeople();
    const block = (other: typeof ana) =>
      log.apply({ event: 'account:block', account: ana, subject: other }).outcome.refused;
    expect([block(ana), block('99' as typeof ana)]).toEqual(['forbidden', 'no-such-account']);
    expect(block(bo)).toBe('');
    log.deleteAccount(bo);
    expect(log.state.blockedBy(ana)).toEqual([]);
    for (let number = 0; number < BLOCKS_PER_ACCOUNT; number++) expect(block(log.create(`user${number}`))).toBe('');
    expect(block(log.create('cy'))).toBe('limit-reached');
  });
});

describe('a snapshot of an earlier version', () => {
  it('is read as one of a chat without rooms, edits and settings', () => {
    const { log, ana, bo } = twoPeople();
    log.send(ana, bo);
    log.deleteAccount(bo);
    const older = log.state.snapshot().flatMap(({ name, columns, rows }) => {
      const kept = { user_table: 7, sessions: 3, removals: 4 }[name];
      return kept ? [{ name, columns: columns.slice(0, kept), rows: rows.map((row) => row.slice(0, kept)) }] : [];
    });
    const restored = ChatState.restore(older, 4);
    for (const row of log.state.takeIndexRows().rows) restored.restoreIndex(row);
    restored.restored();
    expect(restored.fingerprint()).toBe(log.state.fingerprint());
  });
});
