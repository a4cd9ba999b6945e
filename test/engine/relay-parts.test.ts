import { describe, expect, it } from 'vitest';
import { FreshReads } from '../../server/engine/fresh-reads.ts';
import { RelaySessions } from '../../server/engine/relay-sessions.ts';
import { RelayedRequests } from '../../server/engine/relayed-requests.ts';
import type { RelayedRequest, RelayMessage } from '../../server/replication/messages.ts';
import type { Address, ClientId } from '../../shared/ids.ts';

const ANA = 'ana' as ClientId;
const BOB = 'bob' as ClientId;
const BACKUP = 'localhost:2538' as Address;

function waiting(...requests: [client: ClientId, request: number, untilMs?: number][]): RelayedRequests<string> {
  const relayed = new RelayedRequests<string>();
  relayed.startSession();
  for (const [client, request, untilMs = 5000] of requests) {
    relayed.add(client, request, `${client} ${request}`, untilMs);
  }
  return relayed;
}

const taken = (relayed: RelayedRequests<string>) => relayed.takeUnsent(() => 1, 100);

describe('what waits for the word of the primary', () => {
  it('R28: is sent once in a session, oldest first, and counted', () => {
    const relayed = waiting([ANA, 1], [BOB, 7], [ANA, 2]);
    expect(taken(relayed)).toEqual({ first: 0, items: ['ana 1', 'bob 7', 'ana 2'] });
    relayed.add(ANA, 3, 'ana 3', 5000);
    expect(taken(relayed)).toEqual({ first: 3, items: ['ana 3'] });
    expect(taken(relayed)).toEqual({ first: 4, items: [] });
  });

  it('R28: is sent again in the next session from the oldest on, but for what was answered', () => {
    const relayed = waiting([ANA, 1], [BOB, 7], [ANA, 2]);
    taken(relayed);
    expect(relayed.settle(BOB, 7)).toBe('bob 7');
    expect(relayed.settle(BOB, 7)).toBeUndefined();
    relayed.add(ANA, 3, 'ana 3', 5000);
    const before = relayed.session;
    relayed.startSession();
    expect(relayed.session).toBeGreaterThan(before);
    expect(taken(relayed)).toEqual({ first: 0, items: ['ana 1', 'ana 2', 'ana 3'] });
  });

  it('R28: does not send what was answered before its turn, and leaves no gap for it', () => {
    const relayed = waiting([ANA, 1], [ANA, 2], [ANA, 3]);
    relayed.settle(ANA, 2);
    expect(taken(relayed)).toEqual({ first: 0, items: ['ana 1', 'ana 3'] });
  });

  it('goes in pieces of a bounded length, of one request at least', () => {
    const relayed = waiting([ANA, 1], [ANA, 2], [ANA, 3]);
    const piece = () => relayed.takeUnsent(() => 60, 130);
    expect(piece()).toEqual({ first: 0, items: ['ana 1', 'ana 2'] });
    expect(piece()).toEqual({ first: 2, items: ['ana 3'] });
    relayed.startSession();
    expect(relayed.takeUnsent(() => 999, 130)).toEqual({ first: 0, items: ['ana 1'] });
  });

  it('R28: takes with what is late whatever its client asked later', () => {
    const relayed = waiting([ANA, 1, 9000], [ANA, 2, 100], [BOB, 1, 9000], [ANA, 3, 9000]);
    expect(relayed.takeLate(99)).toEqual([]);
    expect(relayed.takeLate(100)).toEqual(['ana 2', 'ana 3']);
    expect(taken(relayed)).toEqual({ first: 0, items: ['ana 1', 'bob 1'] });
    expect(relayed.takeAll()).toEqual(['ana 1', 'bob 1']);
    expect(relayed.size).toBe(0);
  });
});

describe('what the primary takes', () => {
  const message = (session: number, first: number, numbers: number[]): RelayMessage => ({
    type: 'relay',
    view: { epoch: 0, round: 1, candidate: '' },
    session,
    read: 0,
    applied: { op: 0, chain: '' },
    first,
    requests: numbers.map((request) => ({ request }) as RelayedRequest),
    received: [],
    marks: [],
  });
  const numbersOf = (requests: readonly RelayedRequest[] | undefined) => requests?.map(({ request }) => request);

  it('R28: is what follows without a gap, each once', () => {
    const sessions = new RelaySessions();
    const take = (...words: Parameters<typeof message>) => numbersOf(sessions.take(BACKUP, 'a', message(...words)));
    expect(take(1, 0, [1, 2])).toEqual([1, 2]);
    expect(take(1, 1, [2, 3])).toEqual([3]);
    expect(take(1, 0, [1])).toEqual([]);
    expect(take(1, 4, [5])).toBeUndefined();
    // What was missing comes late: another session has to bring it.
    expect(take(1, 3, [4])).toBeUndefined();
    expect(take(2, 0, [4, 5])).toEqual([4, 5]);
    expect(take(1, 3, [4])).toEqual([]);
  });

  it('R28: ends with what it refused for reasons of its own, until the next session, view or life', () => {
    const sessions = new RelaySessions();
    const take = (of: string, session: number) => numbersOf(sessions.take(BACKUP, of, message(session, 0, [1])));
    take('view 1', 1);
    expect(sessions.end(BACKUP, 'view 1', 1)).toBe(true);
    expect(sessions.end(BACKUP, 'view 1', 1)).toBe(false);
    expect(sessions.isOver(BACKUP, 'view 1', 1)).toBe(true);
    expect(take('view 1', 1)).toBeUndefined();
    expect(take('view 1', 2)).toEqual([1]);
    expect(sessions.isOver(BACKUP, 'view 1', 1)).toBe(true);
    expect(take('view 2', 1)).toEqual([1]);
  });
});

describe('fresh reads that wait', () => {
  it('R17: are answered by a question that was asked after them', () => {
    const reads = new FreshReads<string>();
    reads.add('one', 100);
    const first = reads.ask();
    reads.add('two', 200);
    expect(reads.isQuestionDue).toBe(true);
    expect(reads.confirm(first)).toEqual(['one']);
    const second = reads.ask();
    reads.askAgain();
    expect(reads.confirm(second)).toEqual([]);
    expect(reads.confirm(reads.ask())).toEqual(['two']);
    expect(reads.isEmpty).toBe(true);
  });

  it('are handed over when they are late', () => {
    const reads = new FreshReads<string>();
    reads.add('one', 100);
    reads.add('two', 200);
    expect(reads.takeLate(100)).toEqual(['one']);
    expect(reads.takeAll()).toEqual(['two']);
  });
});
