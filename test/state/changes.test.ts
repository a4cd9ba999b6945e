import { describe, expect, it } from 'vitest';
import { REACTIONS_PER_MESSAGE } from '../../shared/limits.ts';
import { ChatLog, entryAt } from './chat-log.ts';

function twoPeople() {
  const log = new ChatLog();
  return { log, ana: log.create('Ana'), bo: log.create('bo') };
}

describe('an edit', () => {
  it('changes the text for everybody, now and in the history', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo, 'with a tpyo');
    const edit = { id, position: 4, body: 'without', at: 1_700_000_004_000 };
    expect(log.edit(ana, id, 'without').notices).toEqual([{ type: 'message:edited', accounts: [ana, bo], edit }]);
    const message = {
      id,
      position: 3,
      from: 'Ana',
      to: 'bo',
      body: 'without',
      at: 1_700_000_003_000,
      editedAt: edit.at,
    };
    expect(log.page({ account: bo, limit: 9 }).messages).toEqual([message]);
    expect(log.page({ account: bo, after: 3, limit: 9 })).toMatchObject({
      messages: [],
      changes: [{ position: 4, message }],
    });
    expect(log.page({ account: bo, after: 2, limit: 9 })).toMatchObject({ messages: [message], changes: [] });
    expect(log.state.messageById(bo, id).messages).toEqual([expect.objectContaining({ position: 3, textAt: 4 })]);
  });

  it('is its sender’s alone, as long as the message is there and the other side too', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo);
    expect(log.edit(bo, id, 'x').outcome.refused).toBe('forbidden');
    log.deleteAccount(bo);
    expect(log.edit(ana, id, 'x').outcome.refused).toBe('no-such-account');
    log.deleteMessage(ana, id);
    expect(log.edit(ana, id, 'x').outcome.refused).toBe('no-such-message');
  });
});

describe('a reaction', () => {
  it('is shown with the message, in the order in which it came', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo);
    log.react(bo, id, '+1');
    log.react(ana, id, 'tea');
    const change = { id, position: 6, from: 'Ana', reaction: '+1', on: true };
    expect(log.react(ana, id, '+1').notices).toEqual([{ type: 'message:reacted', accounts: [ana, bo], change }]);
    const reactionsOf = () => log.page({ account: bo, limit: 9 }).messages[0]!.reactions;
    expect(reactionsOf()).toEqual([
      { reaction: '+1', by: ['bo', 'Ana'] },
      { reaction: 'tea', by: ['Ana'] },
    ]);
    log.react(bo, id, '+1', false);
    expect(reactionsOf()).toEqual([
      { reaction: '+1', by: ['Ana'] },
      { reaction: 'tea', by: ['Ana'] },
    ]);
    log.deleteAccount(ana);
    expect(reactionsOf()).toBeUndefined();
  });

  it('that is there already, or taken back without being there, tells nobody anything', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo);
    log.react(bo, id, '+1');
    for (const [reaction, on] of [['+1', true] as const, ['tea', false] as const]) {
      expect(log.react(bo, id, reaction, on)).toMatchObject({ outcome: { refused: '' }, notices: [] });
    }
    expect(log.page({ account: ana, limit: 9 }).messages[0]!.reactions).toEqual([{ reaction: '+1', by: ['bo'] }]);
  });

  it('is for those who can see the message', () => {
    const { log, ana, bo } = twoPeople();
    const cy = log.create('cy');
    const id = log.send(ana, bo);
    expect(log.react(cy, id, '+1').outcome.refused).toBe('no-such-message');
    expect(log.state.messageById(cy, id).messages).toEqual([]);
    const room = log.createRoom(ana, '#tea');
    expect(log.react(cy, log.send(ana, room), '+1').outcome.refused).toBe('not-a-member');
  });

  it('is refused by the primary when there are too many different ones, and takes effect when it is in the log', () => {
    const { log, ana, bo } = twoPeople();
    const id = log.send(ana, bo);
    for (let number = 0; number < REACTIONS_PER_MESSAGE; number++) log.react(bo, id, `r${number}`);
    const check = (body: string) =>
      log.state.check(entryAt(1, { event: 'message:react', account: ana, subject: id, body }));
    expect([check('r0'), check('another')]).toEqual(['', 'limit-reached']);
    expect(log.react(ana, id, 'another').outcome.refused).toBe('');
  });
});

describe('a reply', () => {
  it('says what it answers, also when that is gone', () => {
    const { log, ana, bo } = twoPeople();
    const first = log.send(ana, bo);
    const answer = {
      event: 'message:send',
      account: bo,
      subject: `${ana} ${first}`,
      id: 'answer',
      body: 'yes',
    } as const;
    const { notices } = log.apply(answer);
    expect(notices).toEqual([
      expect.objectContaining({ message: expect.objectContaining({ to: 'Ana', replyTo: first }) }),
    ]);
    log.deleteMessage(ana, first);
    expect(log.page({ account: ana, limit: 9 }).messages).toEqual([expect.objectContaining({ replyTo: first })]);
  });
});
