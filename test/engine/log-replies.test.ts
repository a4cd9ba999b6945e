import { describe, expect, it } from 'vitest';
import { LogReplies } from '../../server/engine/log-replies.ts';
import type { PeerTransport } from '../../server/engine/ports.ts';
import type { PeerMessage } from '../../server/replication/messages.ts';
import type { ReplicaStorage } from '../../server/storage/replica-storage.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { addressOf, entries, numberOf } from '../support/replication-fixtures.ts';

const LOG = entries('0/1/a:1', [1, 2, 3]);

/** What a server that has all of the log answers to one that has it up to `fromOp`. */
function answerTo(fromOp: number, pieceLength: number, isOver = false): PeerMessage[] {
  const sent: PeerMessage[] = [];
  const storage = { read: (from, maxLength, done) => done(pieceFrom(from, maxLength)) } as Pick<ReplicaStorage, 'read'>;
  const transport = { send: (_, message) => sent.push(message) } as Pick<PeerTransport, 'send'>;
  new LogReplies(storage as ReplicaStorage, transport as PeerTransport, pieceLength, () => isOver).answer(
    {
      type: 'send-log-from-storage',
      to: addressOf('B'),
      view: numberOf(1),
      fromOp,
      chain: LOG[fromOp - 1]!.chain,
      end: 3,
      commit: 3,
    },
    (failure) => expect.unreachable(failure.message),
  );
  return sent;
}

/** As storages do: as many as fit, but at least one. */
function pieceFrom(fromOp: number, maxLength: number): LogEntry[] {
  const found = [LOG[fromOp - 1]!];
  for (let next = LOG[fromOp], length = found[0]!.row.length; next; next = LOG[next.op]) {
    length += next.row.length;
    if (length > maxLength) break;
    found.push(next);
  }
  return found;
}

describe('rows from the storage for a server that is far behind', () => {
  it('R14: what follows the row that both have comes in one piece when it fits', () => {
    expect(answerTo(1, 1_000_000)).toMatchObject([{ type: 'log-chunk', fromOp: 1, entries: LOG.slice(1) }]);
  });

  it('R14: there is a row in every answer, also where the row that both have fills a piece', () => {
    expect(answerTo(1, 1)).toMatchObject([{ type: 'log-chunk', fromOp: 1, mismatch: false, entries: [LOG[1]] }]);
  });

  it('R23: an incarnation that ended while the rows were read sends nothing', () => {
    expect(answerTo(1, 1_000_000, true)).toEqual([]);
  });
});
