import { describe, expect, it } from 'vitest';
import type { Committed, Submission } from '../../server/engine/engine.ts';
import { SessionKeys } from '../../server/engine/session-keys.ts';
import { Submissions } from '../../server/engine/submissions.ts';
import { ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { accountBody } from '../../shared/account-body.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import type { AccountId, ClientId, SessionId } from '../../shared/ids.ts';
import { roomBody } from '../../shared/room-body.ts';
import { SingleServer } from './single-server.ts';

const CLIENT = '6f1c6f0e-0000-4000-8000-000000000001' as ClientId;

function submission(request: number, change: Partial<Submission> = {}): Submission {
  return {
    client: CLIENT,
    request,
    known: false,
    event: 'message:send',
    account: '3' as AccountId,
    subject: 'ana',
    body: 'hello',
    asked: '["message:send","ana","hello"]',
    ...change,
  };
}

function createAna(server: SingleServer): Result<Committed>[] {
  return submit(server, {
    ...submission(1),
    event: 'account:create',
    account: '',
    body: JSON.stringify({ username: 'ana', nameKey: 'ana', passwordHash: 'hash' }),
    asked: '["account:create","ana"]',
  });
}

/** The answers to a submission so far: none, or one. */
function submit(server: SingleServer, asked: Submission): Result<Committed>[] {
  const answers: Result<Committed>[] = [];
  server.engine.submit(asked, (answer) => answers.push(answer));
  server.settle();
  return answers;
}

async function withAna(): Promise<SingleServer> {
  const server = await new SingleServer().start();
  expect(createAna(server)).toMatchObject([{ ok: true, value: { position: 3, repeated: false } }]);
  return server;
}

/** Lets a little time pass, and what waits for promises go on. */
async function turns(server: SingleServer): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    server.advance(10);
    await Promise.resolve();
  }
}

describe('the replicated engine, on one server', () => {
  it('R4: answers only when the operation is durable', async () => {
    const server = await withAna();
    server.isDiskHeld = true;
    const answers = submit(server, submission(2));
    server.advance(500);
    expect(answers).toEqual([]);
    server.releaseDisk();
    expect(answers).toMatchObject([{ ok: true, value: { position: 4 } }]);
  });

  it('R18: the same number again gets the first answer again and does nothing twice', async () => {
    const server = await withAna();
    const [first] = submit(server, submission(2));
    const rows = server.entries.length;
    const [again] = submit(server, submission(2));
    expect(first).toMatchObject({ ok: true, value: { repeated: false } });
    expect(again).toMatchObject({ ok: true, value: { ...(first as { value: Committed }).value, repeated: true } });
    expect(server.entries).toHaveLength(rows);
  });

  it('R18: the same number while the first is under way waits for it', async () => {
    const server = await withAna();
    server.isDiskHeld = true;
    const first = submit(server, submission(2));
    const second = submit(server, submission(2));
    server.releaseDisk();
    expect([...first, ...second]).toMatchObject([
      { ok: true, value: { repeated: false } },
      { ok: true, value: { repeated: true } },
    ]);
  });

  it('R18: a request that a new primary inherited in its log is not taken for a new one while its view is being written', async () => {
    const before = await withAna();
    submit(before, submission(2));
    const server = new SingleServer(before);
    await server.engine.start();
    server.isDiskHeld = true;
    const answers: Result<Committed>[][] = [];
    for (let write = 0; write < 12; write++) {
      server.advance(50);
      answers.push(submit(server, submission(2)));
      server.releaseOneWrite();
    }
    server.releaseDisk();
    server.advance(500);
    answers.push(submit(server, submission(2)));
    expect(server.entries.filter(({ event }) => event === 'message:send')).toHaveLength(1);
    expect(answers.at(-1)).toMatchObject([{ ok: true, value: { position: 4, repeated: true } }]);
    expect(answers.every((answer) => answer.length === 1)).toBe(true);
  });

  it('R18: a number used for something else is refused, done or under way', async () => {
    const server = await withAna();
    submit(server, submission(2));
    const other = { body: 'other', asked: '["message:send","ana","other"]' };
    expect(submit(server, submission(2, other))).toMatchObject([{ ok: false, error: { code: 'bad-request' } }]);
    server.isDiskHeld = true;
    submit(server, submission(3));
    expect(submit(server, submission(3, other))).toMatchObject([{ ok: false, error: { code: 'bad-request' } }]);
  });

  it('R18: a number below the last executed one that was never executed surely never will be', async () => {
    const server = await withAna();
    submit(server, submission(400));
    const rows = server.entries.length;
    expect(submit(server, submission(300))).toMatchObject([
      { ok: false, error: { code: 'overtaken', definite: true } },
    ]);
    const nobody = submission(301, { subject: 'nobody' });
    expect(submit(server, nobody)).toMatchObject([{ ok: false, error: { code: 'no-such-account', definite: true } }]);
    expect(submit(server, submission(144))).toMatchObject([
      { ok: false, error: { code: 'request-forgotten', definite: false } },
    ]);
    expect(server.entries).toHaveLength(rows);
  });

  it('R18: overtaken, with nobody logged in: a client that is told to log in would send it behind what is done (seed ci, run 4724)', async () => {
    const server = await withAna();
    submit(server, submission(400));
    const overtaken = { ok: false, error: { code: 'overtaken', definite: true } };
    expect(submit(server, submission(300, { account: '' }))).toMatchObject([overtaken]);
    expect(submit(server, submission(301, { account: '', subject: 'nobody' }))).toMatchObject([overtaken]);
    expect(submit(server, submission(401, { account: '' }))).toMatchObject([
      { ok: false, error: { code: 'not-logged-in', definite: true } },
    ]);
  });

  it('R18: refused in the log, it is answered so again, also with nobody logged in (seed ci, run 4724)', async () => {
    const server = await withAna();
    const other = 'a7000000-0000-4000-8000-000000000002' as ClientId;
    const ofRoom = (request: number, change: Partial<Submission>) => submission(request, { client: other, ...change });
    const body = roomBody({ name: '#den', nameKey: '#den', topic: '' });
    submit(server, ofRoom(1, { event: 'room:create', subject: '#den', body, asked: 'create' }));
    server.isDiskHeld = true;
    submit(server, ofRoom(2, { event: 'room:delete', subject: '#den', body: '', asked: 'delete' }));
    const toRoom = { subject: '#den', asked: '["message:send","#den","hello"]' };
    const first = submit(server, submission(2, toRoom));
    server.advance(500);
    server.releaseDisk();
    expect(first).toMatchObject([{ ok: false, error: { code: 'no-such-room', definite: true } }]);
    expect(server.entries.at(-1)).toMatchObject({ event: 'message:send', request: 2 });
    expect(submit(server, submission(2, { ...toRoom, account: '' }))).toEqual(first);
  });

  it('R18: a number below one that is under way waits for that one: only then it is sure that it will not be done', async () => {
    const server = await withAna();
    server.isDiskHeld = true;
    submit(server, submission(9));
    const late = submit(server, submission(5));
    const repeated = submit(server, submission(5));
    server.advance(500);
    expect([...late, ...repeated]).toEqual([]);
    server.releaseDisk();
    const overtaken = { ok: false, error: { code: 'overtaken', definite: true } };
    expect([...late, ...repeated]).toMatchObject([overtaken, overtaken]);
    expect(server.entries.filter(({ request }) => request === 5)).toEqual([]);
  });

  it('R18: a number below one of which the server can no longer tell how it ends may still be done elsewhere', () => {
    const keys = new SessionKeys(() => 'session key');
    const chat = new ChatState();
    const submissions = new Submissions(new ClientTable(), chat, keys, () => 1);
    const answers: Result<Committed>[] = [];
    const create = {
      event: 'account:create',
      account: '',
      body: JSON.stringify({ username: 'ana', nameKey: 'ana', passwordHash: 'hash' }),
    } as const;
    for (const request of [9, 5]) submissions.add(submission(request, create), (answer) => answers.push(answer));
    expect(submissions.takeQueue().map(({ request }) => request)).toEqual([9]);
    expect(answers).toEqual([]);
    submissions.abandonAll(refusal('not-primary', 'Another one is.').error);
    const open = { ok: false, error: { code: 'not-primary', definite: false } };
    expect(answers).toMatchObject([open, open]);
  });

  it('R27: of two accounts of one name only one comes into the log, and the other is refused when that one is committed', async () => {
    const server = await new SingleServer().start();
    server.isDiskHeld = true;
    const first = createAna(server);
    const other = { client: '6f1c6f0e-0000-4000-8000-000000000002' as ClientId, account: '', subject: 'ANA' } as const;
    const body = accountBody({ username: 'ANA', nameKey: 'ana', passwordHash: 'another hash' });
    const second = submit(server, submission(1, { ...other, event: 'account:create', body, asked: 'ANA' }));
    server.advance(500);
    expect([...first, ...second]).toEqual([]);
    server.releaseDisk();
    expect(first).toMatchObject([{ ok: true }]);
    expect(second).toMatchObject([{ ok: false, error: { code: 'username-taken', definite: true } }]);
    expect(server.entries.filter(({ event }) => event === 'account:create')).toHaveLength(1);
  });

  it('R18: whatever was put in the log is answered, also when its client goes on too far to have it remembered', async () => {
    const server = await withAna();
    server.isDiskHeld = true;
    const answers = [2, 300, 600].map((request) => submit(server, submission(request)));
    server.releaseDisk();
    expect(answers).toMatchObject([[{ ok: true }], [{ ok: true }], [{ ok: true }]]);
  });

  it('R18: a client that once got an answer and is unknown now is told that it was forgotten', async () => {
    const server = await withAna();
    const stranger = '6f1c6f0e-0000-4000-8000-000000000002' as ClientId;
    expect(submit(server, submission(7, { client: stranger, known: true }))).toMatchObject([
      { ok: false, error: { code: 'request-forgotten' } },
    ]);
  });

  it('refuses what the state makes impossible, in a sentence that names it', async () => {
    const server = await withAna();
    const rows = server.entries.length;
    const [nobody] = submit(server, submission(2, { subject: 'nobody' }));
    const [loggedOut] = submit(server, submission(3, { account: '' }));
    expect(nobody).toMatchObject({ ok: false, error: { code: 'no-such-account', definite: true } });
    expect(JSON.stringify(nobody)).toContain('nobody');
    expect(loggedOut).toMatchObject({ ok: false, error: { code: 'not-logged-in' } });
    expect(server.entries).toHaveLength(rows);
  });

  it('R19: after a failed write nothing is answered, and the server says which file it was', async () => {
    const server = await withAna();
    server.diskFailure = { message: 'commit_log.csv could not be synced', full: false };
    const answers = submit(server, submission(2));
    server.advance(500);
    expect(answers).toEqual([]);
    expect(server.fatal).toContain('commit_log.csv');
    expect(server.engine.isPrimary()).toBe(false);
  });

  it('R23: leaving takes a snapshot while it still serves, then lets what is in flight commit and takes no more', async () => {
    const server = await withAna();
    const before = server.entries.at(-1)!.op;
    server.isDiskHeld = true;
    const left = server.engine.leave();
    const answers = submit(server, submission(2));
    server.releaseDisk();
    expect(server.snapshot?.op).toBe(before);
    expect(answers).toMatchObject([{ ok: true }]);
    server.isDiskHeld = true;
    const inFlight = submit(server, submission(3));
    await turns(server);
    expect(submit(server, submission(4))).toMatchObject([{ ok: false, error: { code: 'unavailable' } }]);
    expect(inFlight).toEqual([]);
    server.releaseDisk();
    expect(inFlight).toMatchObject([{ ok: true }]);
    await turns(server);
    await left;
    expect(server.entries.at(-1)?.op).toBe(before + 2);
  });

  it('R17: a read at the primary sees everything acknowledged, and refuses a position in the future', async () => {
    const server = await withAna();
    submit(server, submission(2));
    const pages: unknown[] = [];
    const ask = { account: '3' as AccountId, after: 0, limit: 10 };
    server.engine.readHistory(
      4,
      (chat) => success(chat.history(ask)),
      (page) => pages.push(page),
    );
    server.engine.read(
      99,
      (chat) => chat.position,
      (page) => pages.push(page),
    );
    expect(pages).toMatchObject([
      { ok: true, value: { messages: [{ from: 'ana', body: 'hello' }] } },
      { ok: false, error: { code: 'bad-request' } },
    ]);
  });

  it('R25: a token names its session, and one changed letter names nothing', async () => {
    const server = await withAna();
    const logIn = { session: '3' as SessionId, openedAt: 1234 };
    const token = server.engine.tokenFor(logIn);
    expect(server.engine.logInOf(token)).toEqual(logIn);
    for (const other of [token.replace(/^3/, '4'), token.replace('1234', '1235'), '', '3', '3.1234', '3.1234.'])
      expect(server.engine.logInOf(other)).toBeUndefined();
  });

  it('coalesces receipts into rows of the cluster', async () => {
    const server = await withAna();
    submit(server, submission(2));
    server.engine.received('3' as AccountId, 3);
    server.engine.received('3' as AccountId, 4);
    server.advance(1000);
    expect(server.engine.chat.received('3' as AccountId)).toBe(4);
    expect(server.entries.filter(({ event }) => event === 'message:received')).toHaveLength(1);
  });
});
