import { describe, expect, it } from 'vitest';
import { formatReceipts, readReceipts } from '../../server/state/receipts.ts';
import { ChatLog } from './chat-log.ts';

function twoPeople() {
  const log = new ChatLog();
  return { log, ana: log.create('Ana'), bo: log.create('bo') };
}

describe('messages', () => {
  it('are told to both ends as clients see them', () => {
    const { log, ana, bo } = twoPeople();
    const body = 'a,"b"\r\n=cmd \u202e 😀';
    const { outcome, notices } = log.apply({ event: 'message:send', account: ana, subject: bo, id: 'm', body });
    expect(outcome).toEqual({ position: 3, at: 1_700_000_003_000, refused: '' });
    const message = { id: 'm', position: 3, from: 'Ana', to: 'bo', body, at: 1_700_000_003_000 };
    expect(notices).toEqual([{ type: 'message:new', accounts: [ana, bo], message }]);
    expect(log.page({ account: bo, limit: 9 }).messages).toEqual([message]);
  });

  it('to oneself are told and listed once', () => {
    const { log, ana } = twoPeople();
    const { notices } = log.apply({ event: 'message:send', account: ana, subject: ana, id: 'm', body: 'note' });
    expect(notices).toEqual([expect.objectContaining({ accounts: [ana] })]);
    expect(log.bodies({ account: ana })).toEqual(['note']);
    expect(log.bodies({ account: ana, with: ana })).toEqual(['note']);
    expect(log.table('queued_messages').map((row) => row.id)).toEqual(['m']);
    const deletion = { id: 'm', position: 4 };
    expect(log.deleteMessage(ana, 'm').notices).toEqual([{ type: 'message:deleted', accounts: [ana], deletion }]);
    expect(log.page({ account: ana, after: 0, limit: 9 }).deletions).toEqual([deletion]);
  });

  it('are refused without a sender or a recipient', () => {
    const { log, ana, bo } = twoPeople();
    log.deleteAccount(bo);
    const message = { event: 'message:send', id: 'm', body: 'x' } as const;
    expect(log.apply({ ...message, account: ana, subject: bo }).outcome.refused).toBe('no-such-account');
    expect(log.apply({ ...message, account: bo, subject: ana }).outcome.refused).toBe('not-logged-in');
    expect(log.page({ account: ana, after: 0, limit: 9 })).toMatchObject({ messages: [], position: 5 });
  });

  it('never take the id of another', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo, 'first');
    const second = log.apply({ event: 'message:send', account: bo, subject: ana, id, body: 'second' });
    expect(second.outcome.refused).toBe('forbidden');
    expect(log.bodies({ account: ana })).toEqual(['first']);
  });

  it('are deleted by their sender only, once, and leave nothing but a deletion', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo, 'a secret');
    expect(log.deleteMessage(bo, id).outcome.refused).toBe('forbidden');
    const { notices } = log.deleteMessage(ana, id);
    const deletion = { id, position: 5 };
    expect(notices).toEqual([{ type: 'message:deleted', accounts: [ana, bo], deletion }]);
    expect(log.deleteMessage(ana, id).outcome.refused).toBe('no-such-message');
    expect(log.deleteMessage(ana, 'unknown').outcome.refused).toBe('no-such-message');
    expect(log.page({ account: bo, after: 0, limit: 9 })).toMatchObject({
      messages: [],
      deletions: [deletion],
    });
    expect(log.state.fingerprint()).not.toContain('a secret');
    expect(log.table('queued_messages')).toEqual([]);
  });

  it('to an account that is then deleted leave its queue and stay with their sender', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo, 'too late');
    log.deleteAccount(bo);
    expect(log.table('queued_messages')).toEqual([]);
    expect(log.page({ account: ana, limit: 9 }).messages[0]).toMatchObject({ to: 'bo', body: 'too late' });
    expect(log.deleteMessage(ana, id).notices).toEqual([expect.objectContaining({ accounts: [ana] })]);
    expect(log.bodies({ account: bo })).toEqual([]);
  });

  it('of a deleted account stay with their recipients, marked as such, and stay queued', () => {
    const { log, ana, bo } = twoPeople();
    log.send(bo, ana, 'farewell');
    log.deleteAccount(bo);
    log.create('bo');
    const { messages } = log.page({ account: ana, after: 0, limit: 9 });
    expect(messages).toEqual([expect.objectContaining({ from: 'bo', fromDeleted: true, body: 'farewell' })]);
    expect(log.table('queued_messages').map((row) => row.body)).toEqual(['farewell']);
  });
});

describe('receipts', () => {
  it('only raise what an account has received, and take it off its queue', () => {
    const { log, ana, bo } = twoPeople();
    log.send(ana, bo, 'one');
    log.send(ana, bo, 'two');
    log.receive(`${bo}=3 ${ana}=1`);
    expect([log.state.received(bo), log.state.received(ana)]).toEqual([3, 1]);
    expect(log.table('queued_messages').map((row) => row.body)).toEqual(['two']);
    log.receive(`${bo}=2`);
    expect(log.state.received(bo)).toBe(3);
  });

  it('above their own position count for nothing, and so do those of unknown accounts', () => {
    const { log, bo } = twoPeople();
    expect(log.receive(`${bo}=4 77=1`).outcome.refused).toBe('');
    expect(log.state.received(bo)).toBe(0);
    log.receive(`${bo}=4`);
    expect(log.state.received(bo)).toBe(4);
  });

  it('are read as they were written', () => {
    const receipts = [
      { account: '1' as never, position: 5 },
      { account: '12' as never, position: 0 },
    ];
    expect(readReceipts(formatReceipts(receipts))).toEqual(receipts);
    expect(readReceipts('')).toEqual([]);
    expect(() => readReceipts('1=-5')).toThrow('ACCOUNT=POSITION');
  });
});

describe('the log', () => {
  it('is applied without gaps and without repeats', () => {
    const { log } = twoPeople();
    expect(() => log.state.apply(log.entries[1]!)).toThrow('entry 3 is to be applied, not 2');
  });

  it('leaves the chat as it is at the entries of the cluster, but for the position', () => {
    const { log, ana } = twoPeople();
    const before = log.state.snapshot();
    expect(log.apply({ event: 'cluster:view', subject: '0/2/localhost:1538', body: '{}' }).notices).toEqual([]);
    log.pass(1);
    expect(log.state.snapshot()).toEqual(before);
    expect(log.state.position).toBe(4);
    expect(log.state.account(ana)?.username).toBe('Ana');
  });

  it('with a malformed account:create stops the program, since the primary made it', () => {
    const { log } = twoPeople();
    for (const body of ['[]', 'null', '{"nameKey":1,"passwordHash":""}']) {
      expect(() => log.state.check({ ...log.entries[0]!, body })).toThrow('assertion failed');
    }
  });
});
