import { describe, expect, it } from 'vitest';
import type { Committed, Submission } from '../../server/engine/engine.ts';
import { accountBody } from '../../shared/account-body.ts';
import type { Result } from '../../shared/errors.ts';
import type { AccountId, ClientId, RoomId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import { roomBody } from '../../shared/room-body.ts';
import { SingleServer } from './single-server.ts';

const CLIENT = '6f1c6f0e-0000-4000-8000-000000000001' as ClientId;
const [ANA, BO] = ['3', '4'] as [AccountId, AccountId];

type Asked = Pick<Submission, 'event'> & Partial<Submission>;

/** A server with two accounts, that is asked in the words of its users. */
class Stage {
  readonly server = new SingleServer();
  #lastRequest = 0;

  async start(): Promise<this> {
    await this.server.start();
    for (const username of ['ana', 'bo']) {
      const body = accountBody({ username, nameKey: username, passwordHash: 'hash' });
      this.ask({ event: 'account:create', account: '', subject: username, body });
    }
    return this;
  }

  /** @returns the answers so far: none, or one */
  begin(asked: Asked): Result<Committed>[] {
    const answers: Result<Committed>[] = [];
    const request = ++this.#lastRequest;
    const common = { client: CLIENT, request, known: false, account: ANA, subject: '', body: '' };
    this.server.engine.submit({ ...common, asked: `request ${request}`, ...asked }, (result) => answers.push(result));
    return answers;
  }

  ask(asked: Asked): Result<Committed> {
    const answers = this.begin(asked);
    this.server.settle();
    return answers[0]!;
  }

  create(name: string): Asked {
    return { event: 'room:create', subject: name, body: roomBody({ name, nameKey: nameKey(name), topic: '' }) };
  }
}

describe('the engine', () => {
  it('turns the names of rooms and accounts into ids before they enter the log', async () => {
    const stage = await new Stage().start();
    const created = stage.ask(stage.create('#Tea'));
    expect(created).toMatchObject({ ok: true, value: { position: 5 } });
    stage.ask({ event: 'room:join', account: BO, subject: '#tea' });
    const sent = stage.ask({ event: 'message:send', subject: '#TEA', body: 'hi' });
    const id = sent.ok ? sent.value.id : '';
    stage.ask({ event: 'message:send', account: BO, subject: `#tea ${id}`, body: 'hi back' });
    stage.ask({ event: 'message:send', account: BO, subject: `ana ${id}`, body: 'psst' });
    stage.ask({ event: 'room:remove', subject: '#tea BO' });
    stage.ask({ event: 'account:block', subject: 'bo' });
    const subjects = stage.server.entries.slice(4).map(({ event, subject }) => [event, subject]);
    expect(subjects).toEqual([
      ['room:create', ''],
      ['room:join', '5'],
      ['message:send', '5'],
      ['message:send', `5 ${id}`],
      ['message:send', `3 ${id}`],
      ['room:remove', '5 4'],
      ['account:block', '4'],
    ]);
  });

  it('R27: appends no room of a name that is being taken, and answers when that is settled', async () => {
    const stage = await new Stage().start();
    const first = stage.begin(stage.create('#tea'));
    const second = stage.begin(stage.create('#TEA'));
    stage.server.settle();
    expect(first).toMatchObject([{ ok: true }]);
    expect(second).toMatchObject([{ ok: false, error: { code: 'room-taken', definite: true } }]);
    expect(stage.server.entries.filter(({ event }) => event === 'room:create')).toHaveLength(1);
  });

  it('R18: what waits for a name that is being taken is not overtaken by what its client asks next', async () => {
    const stage = await new Stage().start();
    stage.begin(stage.create('#tea'));
    const other = { client: '6f1c6f0e-0000-4000-8000-000000000002' as ClientId, spread: true as const };
    const second = stage.begin({ ...stage.create('#TEA'), ...other });
    const third = stage.begin({ event: 'message:send', subject: 'bo', body: 'hi', ...other });
    stage.server.settle();
    expect(second).toMatchObject([{ ok: false, error: { code: 'room-taken', definite: true } }]);
    expect(third).toMatchObject([{ ok: true }]);
    expect(stage.server.entries.slice(-2).map(({ event }) => event)).toEqual(['request:refused', 'message:send']);
  });

  it('says what is wrong in the words in which it was asked', async () => {
    const stage = await new Stage().start();
    stage.ask(stage.create('#tea'));
    const refused: [Asked, string, string][] = [
      [{ event: 'message:send', subject: '#nowhere' }, 'no-such-room', '"#nowhere"'],
      [{ event: 'message:send', subject: 'nobody some-id' }, 'no-such-account', '"nobody"'],
      [{ event: 'message:send', account: BO, subject: '#tea' }, 'not-a-member', '"#tea"'],
      [{ event: 'room:join', subject: '#nowhere' }, 'no-such-room', '"#nowhere"'],
      [{ event: 'room:remove', subject: '#tea bo' }, 'not-a-member', '"bo" is not a member'],
      [{ event: 'room:remove', subject: '#tea nobody' }, 'no-such-account', '"nobody"'],
      [{ event: 'room:remove', subject: '#tea Ana' }, 'forbidden', 'leave it instead'],
      [{ event: 'room:topic', account: BO, subject: '#tea' }, 'not-a-member', '"#tea"'],
      [{ event: 'account:block', subject: 'ana' }, 'forbidden', 'yourself'],
      [{ event: 'message:edit', subject: 'no-id' }, 'no-such-message', 'no such message'],
    ];
    for (const [asked, code, words] of refused) {
      const answer = stage.ask(asked);
      expect(answer, asked.event).toMatchObject({
        ok: false,
        error: { code, message: expect.stringContaining(words) },
      });
    }
    stage.ask({ event: 'account:block', subject: 'bo' });
    const own = stage.ask({ event: 'message:send', subject: 'bo' });
    const others = stage.ask({ event: 'message:send', account: BO, subject: 'ana' });
    expect(own).toMatchObject({
      error: { code: 'blocked', message: expect.stringContaining('You have blocked "bo"') },
    });
    expect(others).toMatchObject({ error: { code: 'blocked', message: expect.stringContaining('"ana" takes no') } });
  });

  it('tells of a room that is gone when the message comes as of a room, although the log has but a number', async () => {
    const stage = await new Stage().start();
    stage.ask(stage.create('#tea'));
    const deleting = stage.begin({ event: 'room:delete', subject: '#tea' });
    const sending = stage.begin({ event: 'message:send', subject: '#tea', body: 'too late' });
    stage.server.settle();
    expect(deleting).toMatchObject([{ ok: true }]);
    expect(sending).toMatchObject([{ ok: false, error: { code: 'no-such-room' } }]);
  });

  it('writes what was read now and then, in one row for all, and only what is new', async () => {
    const stage = await new Stage().start();
    stage.ask(stage.create('#tea'));
    stage.ask({ event: 'room:join', account: BO, subject: '#tea' });
    stage.ask({ event: 'message:send', subject: 'bo', body: 'hi' });
    const room = '5' as RoomId;
    const { engine } = stage.server;
    for (const position of [7, 6]) engine.markRead(BO, ANA, position);
    engine.markRead(BO, room, 6);
    engine.markRead(BO, room, 7);
    stage.server.advance(500);
    const rows = () => stage.server.entries.filter(({ event }) => event === 'conversation:read');
    expect(rows()).toMatchObject([{ body: '4/3=7 4/5=7', client: '', request: 0 }]);
    engine.markRead(BO, room, 7);
    stage.server.advance(500);
    expect(rows()).toHaveLength(1);
    expect(engine.chat.conversations({ account: BO, limit: 9 }).conversations).toMatchObject([
      { with: 'ana', read: 7, unread: 0 },
      { with: '#tea', read: 7 },
    ]);
  });
});
