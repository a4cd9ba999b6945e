import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Chat, ConnectionState } from '../../client/chat-types.ts';
import { OwnMessages } from '../../client/own-messages.ts';
import { PrimaryNews } from '../../client/primary-news.ts';
import { secretLine } from '../../client/repl-commands.ts';
import { completeReplLine } from '../../client/repl-completion.ts';
import { ReplHistory } from '../../client/repl-history.ts';
import type { Cluster, Message } from '../../shared/api.ts';

const [A, B, C, D] = ['localhost:1538', 'localhost:2538', 'localhost:3538', 'localhost:4538'] as const;

function clusterOf(members: readonly string[], more: Partial<Cluster> = {}): Cluster {
  const warning = `cluster size (${members.length}) is smaller than the replication factor (3)!`;
  return {
    id: 'cluster',
    epoch: 0,
    view: 1,
    primary: members[0]!,
    members: [...members],
    spares: [],
    witnesses: [],
    known: [A, B, C],
    replicationFactor: 3,
    ...(members.length < 3 ? { warning } : {}),
    ...more,
  };
}

describe('what line mode says of the servers', () => {
  let said: string[];
  let news: PrimaryNews;

  beforeEach(() => {
    vi.useFakeTimers();
    said = [];
    news = new PrimaryNews((line) => said.push(line));
  });

  afterEach(() => vi.useRealTimers());

  function connected(cluster: Cluster, matters = true): string[] {
    return told({ phase: 'connected', server: cluster.primary!, cluster }, matters);
  }

  function told(state: ConnectionState, matters = true): string[] {
    said.length = 0;
    news.onConnection(state, matters);
    return [...said];
  }

  const waiting: ConnectionState = { phase: 'waiting', sinceMs: 0, reached: [B], reason: 'B answered.' };
  const offline: ConnectionState = { phase: 'offline', sinceMs: 0, tried: [A], reason: 'Nobody answers.' };

  it('the one that it reached and all others: members in order, spares, witnesses, whoever else was heard of', () => {
    const cluster = clusterOf([C, A, B], { spares: [D], witnesses: ['w1:1'], known: [A, B, C, D, 'gone:1', 'w1:1'] });
    expect(connected(cluster)).toEqual([
      `Connected to Understudy at ${C}`,
      'Known nodes:',
      ...[C, A, B, D, 'w1:1', 'gone:1'].map((address) => `  ${address}`),
    ]);
  });

  it('the warning: in the greeting, after each move, when it becomes true, and once that it is no longer', () => {
    const warning = (size: number) => `WARNING: cluster size (${size}) is smaller than the replication factor (3)!`;
    expect(connected(clusterOf([A])).at(-1)).toBe(warning(1));
    expect(connected(clusterOf([A], { view: 2 }))).toEqual([]);
    expect(connected(clusterOf([A, B]))).toEqual([warning(2)]);
    expect(connected(clusterOf([A, B, C]))).toEqual(['The warning no longer applies.']);
    expect(connected(clusterOf([A, B]))).toEqual([warning(2)]);
    expect(connected(clusterOf([B, C]))).toEqual([
      `Reconnected to Understudy at ${B}`,
      'Known nodes:',
      ...[B, C, A].map((address) => `  ${address}`),
      warning(2),
    ]);
  });

  it('nothing of a connection that is soon back, unless it is at another server', () => {
    connected(clusterOf([A, B, C]));
    expect(told(waiting)).toEqual([]);
    expect(connected(clusterOf([B, C]))[0]).toBe(`Reconnected to Understudy at ${B}`);
    told(waiting);
    expect(connected(clusterOf([B, C]))[0]).toBe(`Reconnected to Understudy at ${B}`);
    told(waiting);
    // A server ends sockets that never log in.
    expect(connected(clusterOf([B, C]), false)).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual([]);
  });

  it('that no server is reached, or that none is the primary, when that lasts: once, until it changes', () => {
    connected(clusterOf([A, B, C]));
    told(waiting);
    vi.advanceTimersByTime(4900);
    told(offline);
    vi.advanceTimersByTime(900);
    expect(said).toEqual([]);
    told({ ...offline, reason: 'Still nobody answers.' });
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(['Still nobody answers. Trying again.']);
    told(offline);
    news.close();
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual([]);
  });
});

describe('messages in line mode', () => {
  const message = (id: string, from: string) => ({ id, from, body: id }) as Message;

  it('that it has just sent are not shown, whether they come before or after the answer; those of other devices are', () => {
    const shown: string[] = [];
    const own = new OwnMessages(
      () => 'Ana',
      ({ id }) => shown.push(id),
    );
    own.begin();
    own.onMessage(message('m1', 'ana'));
    own.onMessage(message('m2', 'bob'));
    own.onMessage(message('m3', 'ana'));
    expect(shown).toEqual(['m2']);
    own.end('m1');
    expect(shown).toEqual(['m2', 'm3']);
    own.begin();
    own.end('m4');
    own.onMessage(message('m4', 'ana'));
    own.onMessage(message('m5', 'ana'));
    own.begin();
    own.onMessage(message('m6', 'ana'));
    own.end(undefined);
    expect(shown).toEqual(['m2', 'm3', 'm5', 'm6']);
  });
});

describe('passwords in line mode', () => {
  it('that are left out are named, when nothing else is missing', () => {
    const cases: [string, readonly string[] | undefined][] = [
      ['LOGIN ana', ['PASSWORD']],
      ['create ana', ['PASSWORD']],
      ['login', []],
      ['LOGIN ana secret', []],
      ['PASSWORD', ['OLD', 'NEW']],
      ['PASSWORD old-one', ['NEW']],
      ['DELETE-ACCOUNT', ['PASSWORD']],
      ['SEND bob', undefined],
      ['LOGNI ana', undefined],
    ];
    for (const [line, missing] of cases) expect([line, secretLine(line)?.missing]).toEqual([line, missing]);
    expect(secretLine('LOGIN ana')?.build(['it\'s a "horse"'])).toEqual({
      type: 'login',
      username: 'ana',
      password: 'it\'s a "horse"',
    });
  });
});

describe('the lines that were typed', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-history-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are kept for the next session in a file for their owner alone; passwords, and what is no command, are not', () => {
    const history = new ReplHistory(folder);
    const typed = [
      'LOGIN ana correct-horse',
      "create bob 'battery staple'",
      'PASSWORD old-secret new-secret',
      'LOGNI ana correct-horse',
      'login ana correct-horse twice',
      'delete-account hidden',
      'SEND bob hello',
    ];
    for (const line of typed) history.add(line);
    const file = join(folder, 'repl_history');
    expect(new ReplHistory(folder).lines).toEqual([
      'LOGIN ana',
      'CREATE bob',
      'PASSWORD',
      'LOGIN ana',
      'DELETE-ACCOUNT',
      'SEND bob hello',
    ]);
    expect(readFileSync(file, 'utf8')).not.toMatch(/horse|staple|secret|hidden/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('are the newest of many, and a file that cannot be had takes nothing else away', () => {
    const file = join(folder, 'repl_history');
    writeFileSync(file, Array.from({ length: 1500 }, (_, count) => `SEND bob ${count}\n`).join(''));
    expect(new ReplHistory(folder).lines.at(-1)).toBe('SEND bob 1499');
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(500);
    const nowhere = new ReplHistory(file);
    nowhere.add('SEND bob hello');
    expect(nowhere.lines).toEqual([]);
  });
});

describe('completion', () => {
  const asked: string[] = [];
  const chat = {
    listAccounts: async (pattern: string) => {
      asked.push(pattern);
      const all = ['ana', 'anselm', 'bob'].filter((name) => name.startsWith(pattern.slice(0, -1)));
      return { ok: true, value: { accounts: all.map((username) => ({ username, online: false })), more: false } };
    },
    listRooms: async (pattern: string) => {
      asked.push(pattern);
      const all = ['#tea', '#teams', '#two\u202e'].filter((name) => name.startsWith(pattern.slice(0, -1)));
      return { ok: true, value: { rooms: all.map((name) => ({ name })), more: false } };
    },
  } as unknown as Chat;

  it.each([
    ['LOGI', ['LOGIN ']],
    ['room re', ['room remove ', 'room readmit ']],
    ['SEND an', ['ana ', 'anselm ']],
    ['send #te', ['#tea ', '#teams ']],
    ['HISTORY ', ['#tea ', '#teams ', 'ana ', 'anselm ', 'bob ']],
    ['ROOM JOIN te', ['tea ', 'teams ']],
    ['ROOM JOIN #tea', ['#tea ', '#teams ']],
    ['ROOM READMIT #tea b', ['bob ']],
    ['block a', ['ana ', 'anselm ']],
    ['SEND ana an', []],
    ['SEND a*', []],
    ['FOO a', []],
  ])('of %j', async (line, candidates) => {
    const found = await completeReplLine(chat, line);
    expect(found.candidates).toEqual(candidates);
    expect(line.endsWith(found.piece)).toBe(true);
  });

  it('has nothing to offer when nobody is logged in', async () => {
    const refuse = async () => ({ ok: false, error: { code: 'not-logged-in' } });
    const nobody = { listAccounts: refuse, listRooms: refuse } as unknown as Chat;
    expect((await completeReplLine(nobody, 'SEND a')).candidates).toEqual([]);
  });
});
