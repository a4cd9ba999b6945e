import type { ClientTable } from '../replication/client-table.ts';
import type { ReplicaState } from '../replication/replica-state.ts';
import type { ChatState } from '../state/chat-state.ts';
import type { ReplicaStorage, StorageFailure } from '../storage/replica-storage.ts';

/** Writes the state down now and then, so that a start need not apply the whole log. */
export class Snapshots {
  readonly #state: ReplicaState;
  readonly #chat: ChatState;
  readonly #clients: ClientTable;
  readonly #storage: ReplicaStorage;
  readonly #intervalOperations: number;
  #op: number;
  #rows = 0;
  #isWriting = false;

  /**
   * @param options.op the last operation of the snapshot that is on disk; 0 when there is none
   * @param options.intervalOperations another is due after so many operations at least
   */
  constructor(
    state: ReplicaState,
    chat: ChatState,
    clients: ClientTable,
    storage: ReplicaStorage,
    options: { op: number; intervalOperations: number },
  ) {
    this.#state = state;
    this.#chat = chat;
    this.#clients = clients;
    this.#storage = storage;
    this.#op = options.op;
    this.#intervalOperations = options.intervalOperations;
  }

  /** A snapshot costs as much as its rows: with the interval growing alike, an operation's share stays the same. */
  get isDue(): boolean {
    return this.#chat.position - this.#op >= Math.max(this.#intervalOperations, 2 * this.#rows);
  }

  /** Resolves when it is durable, or when there is nothing new to write; with the failure if there was one. */
  save(): Promise<StorageFailure | undefined> {
    const op = this.#chat.position;
    const entry = this.#state.log.entry(op);
    if (this.#isWriting || op === this.#op || !entry || op > this.#state.log.durableOp) {
      return Promise.resolve(undefined);
    }
    this.#isWriting = true;
    this.#op = op;
    const tables = [...this.#chat.snapshot(), this.#clients.snapshot()];
    this.#rows = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    const { chain, view } = entry;
    const { complete } = this.#state;
    return new Promise((resolve) => {
      this.#storage.writeSnapshot({ op, chain, view, complete, tables }, (failure) => {
        this.#isWriting = false;
        resolve(failure);
      });
    });
  }
}
