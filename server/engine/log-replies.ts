import { GENESIS_CHAIN, type LogEntry } from '../../shared/operations.ts';
import type { Output } from '../replication/messages.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';
import type { PeerTransport } from './ports.ts';

type Ask = Output & { type: 'send-log-from-storage' };

/** Answers those who are so far behind that what they lack is on disk only. */
export class LogReplies {
  readonly #storage: ReplicaStorage;
  readonly #transport: PeerTransport;
  readonly #pieceLength: number;
  readonly #isOver: () => boolean;
  readonly #busyWith = new Set<string>();

  /**
   * @param pieceLength of one answer, in UTF-16 code units
   * @param isOver this incarnation has ended: whatever was being read is sent to nobody (R23)
   */
  constructor(storage: ReplicaStorage, transport: PeerTransport, pieceLength: number, isOver: () => boolean) {
    this.#pieceLength = pieceLength;
    this.#isOver = isOver;
    this.#storage = storage;
    this.#transport = transport;
  }

  /** Reads on from the entry that both have, and sends one piece. A question repeated meanwhile is answered once. */
  answer(ask: Ask, onFailure: (failure: StorageFailure) => void): void {
    if (this.#busyWith.has(ask.to)) return;
    this.#busyWith.add(ask.to);
    this.#read(ask, this.#pieceLength, onFailure);
  }

  #read(ask: Ask, length: number, onFailure: (failure: StorageFailure) => void): void {
    this.#storage.read(Math.max(1, ask.fromOp), length, (found, failure) => {
      if (this.#isOver()) return;
      // The entry that both have may be as long as a piece: an answer without another would be asked for again for ever.
      const isTooShort = !failure && ask.fromOp > 0 && ask.fromOp < ask.end && found.length === 1;
      if (isTooShort) return this.#read(ask, 2 * length, onFailure);
      this.#busyWith.delete(ask.to);
      if (failure) return onFailure(failure);
      this.#send(ask, found);
    });
  }

  #send({ to, view, fromOp, chain, end, commit }: Ask, found: readonly LogEntry[]): void {
    const mismatch = (fromOp === 0 ? GENESIS_CHAIN : found[0]?.chain) !== chain;
    const entries = mismatch ? [] : found.filter(({ op }) => op > fromOp && op <= end);
    this.#transport.send(to, { type: 'log-chunk', view, fromOp, previousChain: chain, entries, end, commit, mismatch });
  }
}
