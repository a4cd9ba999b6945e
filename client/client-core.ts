import type { Handshake, ReadEvent, Replies, RequestOf, SessionReady, WriteEvent } from '../shared/api.ts';
import { type Result, refusal } from '../shared/errors.ts';
import { CLIENT_PROTOCOL } from '../shared/limits.ts';
import type { Random } from '../shared/random.ts';
import { Account } from './account.ts';
import { AccountNews } from './account-news.ts';
import type { ChatEvent } from './chat-types.ts';
import type { ChatClientOptions } from './client-options.ts';
import { ClusterKnowledge } from './cluster-knowledge.ts';
import { ConnectionReport } from './connection-report.ts';
import { Connections } from './connections.ts';
import type { Link } from './link.ts';
import { OutboxSender } from './outbox-sender.ts';
import { PendingAnswers } from './pending-answers.ts';
import { toldOf } from './pushes.ts';
import { ReadChoice } from './read-choice.ts';
import { Reads } from './reads.ts';
import { Receipts } from './receipts.ts';
import { Replay } from './replay.ts';
import { RequestQueue, type Write } from './request-queue.ts';
import { ANOTHER_CLUSTER, moveToCluster, noticeForce, startAnew } from './starting-over.ts';
import type { ClientStore, ToldEvent } from './store.ts';
import { eventOf, positionOf, type Told } from './told.ts';
import type { PushEvent } from './transport.ts';

/** The parts of the client library, wired to each other; `chat-client.ts` is its face. */
export class ClientCore {
  readonly options: ChatClientOptions;
  readonly listeners = new Set<(event: ChatEvent) => void>();
  readonly knowledge: ClusterKnowledge;
  readonly connections: Connections;
  readonly report: ConnectionReport;
  readonly queue: RequestQueue;
  readonly reads: Reads;
  readonly replay: Replay;
  readonly outbox: OutboxSender;
  readonly receipts: Receipts;
  readonly news: AccountNews;
  readonly account: Account;
  readonly pending: PendingAnswers;
  readonly #choice: ReadChoice;
  /** The highest position that any server told: no answer may be older. */
  #seen: number;
  /** Counts how often positions lost their meaning: another cluster, or a forced view. */
  #seenEra = 0;
  /** The `session:ready` that what is told stands on. */
  #ready: SessionReady | undefined;
  readonly #keepsTold: boolean;
  #closed = false;

  constructor(options: ChatClientOptions) {
    const { store, servers, clock, random, connect, spreadReads = false, spread = false } = options;
    this.options = options;
    if (spread && !store.spread) store.markSpread();
    this.#seen = store.told ?? 0;
    const onSilent = (link: Link): void => this.connections.reopen(link, 'it does not answer');
    this.knowledge = new ClusterKnowledge(servers, store.cluster?.id);
    this.report = new ConnectionReport(clock, this.knowledge, this.emit);
    this.account = new Account(store, this.emit, () => this);
    this.connections = new Connections(
      {
        knowledge: this.knowledge,
        connect,
        clock,
        random,
        spreadReads,
        spread,
        saysSpread: store.spread,
        handshake: () => this.#handshake(),
        isForPrimary: () => this.queue.needsPrimary,
      },
      {
        onChange: () => this.#onChange(),
        onPush: (link, event, payload) => this.#onPush(link, event, payload),
        onClosed: (link) => this.reads.onLinkClosed(link),
        onHandshakeRefused: (address, error) => this.emit({ type: 'notice', text: `${address}: ${error.message}` }),
        onForeignCluster: (cluster) => {
          this.#forgetSeen();
          moveToCluster(this, cluster);
          // They name positions of the former cluster.
          this.reads.refuseAll(refusal('not-logged-in', ANOTHER_CLUSTER).error);
        },
      },
    );
    this.queue = new RequestQueue({
      clock,
      random,
      onForgotten: () => startAnew(this),
      onSilent,
      onPace: () => this.connections.reconcile(),
      onPutOff: (link, error) => this.connections.onPutOff(link, error),
      onPasswords: () => {
        if (spread) this.connections.reconcile();
      },
      onDone: () => {
        this.connections.onDone();
        if (!store.known) store.markKnown();
      },
      saw: (position) => this.saw(position),
    });
    this.pending = new PendingAnswers(clock, options.giveUpAfterMs ?? 0, () => this.queue.lastRefusal);
    this.#choice = new ReadChoice(this.connections, this.knowledge, {
      nowMs: () => clock.now(),
      spreads: spreadReads,
      // Whoever does not spread draws nothing, and so does all else as it did.
      firstTurn: spreadReads ? random.between(0, 1024) : 0,
    });
    this.reads = new Reads({
      clock,
      random,
      onSilent,
      linkFor: (place) => this.#choice.linkFor(place, store.session?.token || undefined),
      isTarget: (link) => link === this.connections.target,
      seen: () => ({ position: this.#seen, era: this.#seenEra }),
      saw: (position) => this.saw(position),
    });
    const { replay = true } = options;
    this.#keepsTold = replay;
    this.replay = new Replay(replay ? store.told : undefined, {
      replay,
      fetch: (ask, answer) => this.reads.ask('message:history', ask, 'target', true, answer),
      tell: (event, replayed) => this.#tell(event, replayed),
      onToldUpTo: (position) => {
        this.saw(position);
        this.#keep({ upTo: position });
      },
      onFailed: (reason) => this.emit({ type: 'notice', text: `What was missed cannot be fetched: ${reason}` }),
    });
    this.outbox = new OutboxSender({
      store,
      queue: this.queue,
      emit: this.emit,
      username: () => this.account.username,
      onSent: (position) => this.saw(position),
      onNotLoggedIn: (link) => this.account.onNotLoggedIn(link),
    });
    this.receipts = new Receipts(store, clock, (position, answer) => {
      this.reads.ask('message:received', { position }, 'target', false, (result) => answer(result.ok));
    });
    this.news = new AccountNews({
      store,
      clock,
      emit: this.emit,
      username: () => this.account.username,
      ask: (event, payload, answer) => this.reads.ask(event, payload, 'target', event === 'conversation:list', answer),
      target: () => this.connections.target,
      saw: (position) => this.saw(position),
      keep: (event) => this.#keep(event),
      wantsList: replay,
    });
  }

  get store(): ClientStore {
    return this.options.store;
  }

  get random(): Random {
    return this.options.random;
  }

  readonly emit = (event: ChatEvent): void => {
    // A server ends sockets that never log in; that it was opened anew is no news to somebody at the log-in form.
    if (event.type === 'moved' && event.from === event.to && this.account.username === '') return;
    for (const listener of [...this.listeners]) listener(event);
  };

  saw(position: number): void {
    this.#seen = Math.max(this.#seen, position);
  }

  #forgetSeen(): void {
    this.#seen = 0;
    this.news.forgetPositions();
    this.#seenEra += 1;
  }

  /**
   * Has something done that is numbered but not kept in the outbox.
   * @param length of what it carries, in UTF-16 code units, where that may be much
   * @param onDone called with the answer before anything else that the server says
   */
  write<E extends WriteEvent>(
    event: E,
    payload: Write<E>['payload'],
    onDone?: (value: Replies[E], link: Link) => void,
    length = 0,
  ): Promise<Result<Replies[E]>> {
    return this.pending.answered((resolve) => {
      const write: Write<E> = {
        request: this.store.takeNumber(),
        event,
        payload,
        length,
        durable: true,
        transmitted: false,
        answer: (result, link) => {
          if (result.ok && link) onDone?.(result.value, link);
          if (!result.ok && link && result.error.code === 'not-logged-in') this.account.onNotLoggedIn(link);
          resolve(result);
        },
      };
      this.queue.add(write);
      return () => {
        this.queue.remove(new Set([write as unknown as Write]));
        return !write.transmitted;
      };
    });
  }

  read<E extends ReadEvent>(event: E, payload: RequestOf<E>): Promise<Result<Replies[E]>> {
    return this.pending.answered((resolve) => {
      const withdraw = this.reads.ask(event, payload, this.#choice.placeOf(event), true, resolve);
      return () => {
        withdraw();
        return true;
      };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.receipts.close();
    this.news.close();
    this.connections.stop();
    this.queue.close();
    this.reads.close();
    this.replay.suspend();
    this.report.close();
    this.pending.close();
    await this.store.close();
  }

  #onChange(): void {
    const { target } = this.connections;
    if (target?.ended !== undefined && this.account.username !== '') this.account.lose(target.ended);
    if (noticeForce(this)) {
      this.#forgetSeen();
      this.#ready = undefined;
    }
    this.report.update(this.connections);
    this.queue.setTarget(target);
    if (target?.ready !== this.#ready) {
      this.#ready = target?.ready;
      this.replay.suspend();
      this.news.suspend();
      if (target?.ready) {
        this.saw(target.ready.position);
        this.account.onReady(target);
      }
    }
    this.reads.pump();
  }

  #onPush(link: Link, event: PushEvent, payload: unknown): void {
    if (link !== this.connections.target || !link.ready) return;
    const told = toldOf(event, payload);
    if (told) this.replay.onPush(told);
    else this.news.onPush(event, payload);
  }

  #tell(event: Told, replayed: boolean): void {
    this.saw(positionOf(event));
    this.#keep(event);
    this.emit(eventOf(event, replayed));
    this.news.onTold(event);
  }

  /** What was skipped was not told: it is left for a client that wants it. */
  #keep(event: ToldEvent): void {
    if (this.#keepsTold) this.store.tell(event);
  }

  #handshake(): Handshake {
    const { clientId, known, session } = this.store;
    return {
      protocol: CLIENT_PROTOCOL,
      clientId,
      ...(known ? { known: true } : {}),
      ...(session?.token ? { token: session.token } : {}),
    };
  }
}
