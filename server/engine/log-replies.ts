import { LOG_CHUNK_LENGTH } from '../../shared/limits.ts';
import { GENESIS_CHAIN } from '../../shared/operations.ts';
import type { Output } from '../replication/messages.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';
import type { PeerTransport } from './ports.ts';

/** Answers those who are so far behind that what they lack is on disk only. */
export class LogReplies {
  readonly #storage: ReplicaStorage;
  readonly #transport: PeerTransport;
  readonly #busyWith = new Set<string>();

  constructor(storage: ReplicaStorage, transport: PeerTransport) {
    this.#storage = storage;
    this.#transport = transport;
  }

  /** Reads on from the entry that both have, and sends one piece. A question repeated meanwhile is answered once. */
  answer(ask: Output & { type: 'send-log-from-storage' }, onFailure: (failure: StorageFailure) => void): void {
    if (this.#busyWith.has(ask.to)) return;
    this.#busyWith.add(ask.to);
    this.#storage.read(Math.max(1, ask.fromOp), LOG_CHUNK_LENGTH, (found, failure) => {
      this.#busyWith.delete(ask.to);
      if (failure) return onFailure(failure);
      const chain = ask.fromOp === 0 ? GENESIS_CHAIN : found[0]?.chain;
      const mismatch = chain !== ask.chain;
      const entries = found.filter(({ op }) => op > ask.fromOp && op <= ask.end);
      this.#transport.send(ask.to, {
        type: 'log-chunk',
        view: ask.view,
        fromOp: ask.fromOp,
        previousChain: ask.chain,
        entries: mismatch ? [] : entries,
        end: ask.end,
        commit: ask.commit,
        mismatch,
      });
    });
  }
}
