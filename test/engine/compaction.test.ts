import { describe, expect, it } from 'vitest';
import type { Submission } from '../../server/engine/engine.ts';
import { accountBody } from '../../shared/account-body.ts';
import type { AccountId, ClientId } from '../../shared/ids.ts';
import { COMPACTION_INTERVAL_MS, SingleServer } from './single-server.ts';

const CLIENT = '6f1c6f0e-0000-4000-8000-000000000001' as ClientId;

let lastRequest = 0;

/** Has something done, and lets what follows from it happen. */
function submit(server: SingleServer, asked: Pick<Submission, 'event'> & Partial<Submission>): void {
  const request = ++lastRequest;
  const common = { client: CLIENT, request, known: false, account: '3' as AccountId, subject: '', body: '' };
  server.engine.submit({ ...common, asked: `request ${request}`, ...asked }, (result) => expect(result.ok).toBe(true));
  server.settle();
}

/** Ana, whose account is operation 3, and a message to herself, operation 4. */
async function withMessage(): Promise<SingleServer> {
  const server = await new SingleServer().start();
  const body = accountBody({ username: 'ana', nameKey: 'ana', passwordHash: 'hash' });
  submit(server, { event: 'account:create', account: '', subject: 'ana', body });
  submit(server, { event: 'message:send', subject: 'ana', body: 'to be deleted' });
  return server;
}

function deleteMessage(server: SingleServer): void {
  submit(server, { event: 'message:delete', subject: server.entries[3]!.id });
}

/** Lets time pass, and what waits for promises go on. */
async function pass(server: SingleServer, durationMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
    server.advance(100);
    await new Promise(setImmediate);
  }
}

const decided = (server: SingleServer) => server.entries.filter(({ event }) => event === 'cluster:compact');

/** The storage has finished what it was asked for last. */
function finish(server: SingleServer): void {
  const { plan, done } = server.compactions.at(-1)!;
  server.compaction = { op: plan.upTo, rows: 1, bytes: 80, finishedAt: 1_700_000_000_000 };
  done(server.compaction);
}

describe('R27: the engine and compaction', () => {
  it('the primary has what was deleted removed after a while, and not before', async () => {
    const server = await withMessage();
    deleteMessage(server);
    await pass(server, COMPACTION_INTERVAL_MS / 2);
    expect(decided(server)).toEqual([]);
    await pass(server, COMPACTION_INTERVAL_MS / 2);
    expect(decided(server)).toMatchObject([{ op: 6, body: '', client: '', request: 0 }]);
    expect(server.compactions.map(({ plan }) => plan.upTo)).toEqual([6]);
    const { plan } = server.compactions[0]!;
    expect([plan.remainsOf(3, 'account:create'), plan.remainsOf(4, 'message:send')]).toEqual(['all', 'nothing']);
    expect(plan.isDeletedMessage(server.entries[3]!.id)).toBe(true);
    expect(plan.isOver()).toBe(false);
  });

  it('nothing is decided while there is nothing to remove', async () => {
    const server = await withMessage();
    await pass(server, 2 * COMPACTION_INTERVAL_MS);
    expect(server.engine.compact()).toBe(false);
    expect(decided(server)).toEqual([]);
  });

  it('an operator need not wait; the primary alone decides', async () => {
    const server = await withMessage();
    deleteMessage(server);
    expect(server.engine.compact()).toBe(true);
    await pass(server, 100);
    expect(decided(server)).toHaveLength(1);
    expect(server.engine.compact()).toBe(false);
    await server.engine.leave();
    expect(server.engine.compact()).toMatchObject({ code: 'unavailable' });
  });

  it('the tables are written anew before anything is removed from the log', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    expect(server.snapshot!.op).toBe(6);
    expect(server.snapshot!.longTables?.map(({ name }) => name)).toContain('queued_messages');
  });

  it('what it did is told, and not done again by the next life', async () => {
    const server = await withMessage();
    deleteMessage(server);
    expect(server.engine.status().compaction).toMatchObject({ decidedOp: 0, doneOp: 0, removableSinceOp: 5 });
    server.engine.compact();
    await pass(server, 100);
    expect(server.engine.status().compaction).toMatchObject({ decidedOp: 6, doneOp: 0, removableSinceOp: 0 });
    finish(server);
    expect(server.engine.status().compaction).toEqual({
      decidedOp: 6,
      doneOp: 6,
      rows: 1,
      bytes: 80,
      finishedAt: 1_700_000_000_000,
      removableSinceOp: 0,
    });
    expect(server.logged.join()).toContain('up to operation 6');
    const next = new SingleServer(server);
    await next.engine.start();
    await pass(next, 2000);
    expect(next.engine.status().compaction).toMatchObject({ decidedOp: 6, doneOp: 6 });
    expect(next.compactions).toEqual([]);
  });

  it('what was decided and not finished is done by the next life', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    const next = new SingleServer(server);
    await next.engine.start();
    await pass(next, 2000);
    expect(next.compactions.map(({ plan }) => plan.upTo)).toEqual([6]);
  });

  it('a later decision takes the place of the one that is under way', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    submit(server, { event: 'account:delete' });
    server.engine.compact();
    await pass(server, 100);
    const { plan, done } = server.compactions[0]!;
    expect(plan.isOver()).toBe(true);
    expect(server.compactions).toHaveLength(1);
    done(undefined);
    await pass(server, 200);
    expect(server.compactions.map(({ plan: { upTo } }) => upTo)).toEqual([6, 8]);
  });

  it('is tried again after a while when the disk had no room for it', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    server.compactions[0]!.done(undefined);
    await pass(server, 1000);
    expect(server.compactions).toHaveLength(1);
    await pass(server, 601_000);
    expect(server.compactions).toHaveLength(2);
    expect(server.fatal).toBe('');
  });

  it('R26: rows that turn out to be damaged end the server, so that the next start repairs them', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    server.compactions[0]!.done(undefined, { message: 'Row 4 is damaged.', full: false, damaged: { op: 4 } });
    expect(server.fatal).toContain('Row 4 is damaged.');
  });

  it('a server that leaves wants it no more', async () => {
    const server = await withMessage();
    deleteMessage(server);
    server.engine.compact();
    await pass(server, 100);
    await server.engine.leave();
    expect(server.compactions[0]!.plan.isOver()).toBe(true);
  });
});
