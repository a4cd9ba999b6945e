import type {
  Committed,
  Engine,
  EngineListener,
  Freshness,
  ServerNews,
  Submission,
} from '../../server/engine/engine.ts';
import type { ChatReader, HistoryChoice, HistoryPage, LogIn } from '../../server/state/reader.ts';
import type { Cluster, ServerStatus } from '../../shared/api.ts';
import type { ChatError, Result } from '../../shared/errors.ts';
import type { AccountId, ConversationEnd } from '../../shared/ids.ts';

/** What is noted of what an engine answers. */
export interface EngineWatcher {
  /** A write is asked for. */
  onAsked(submission: Submission): void;
  /** A write is answered `ok`. */
  onAcknowledged(submission: Submission, committed: Committed): void;
  /** A write is answered with a refusal. */
  onRefused(submission: Submission, error: ChatError): void;
  /** A read is asked for. @returns whom to tell what becomes of it; undefined when nobody wants to know */
  onRead(): ReadWatcher | undefined;
}

/** What is noted of one read. */
export interface ReadWatcher {
  /** It may be answered from the state as it is at this moment; its texts may have to be read first. */
  onConfirmed(): void;
  /** It is answered, and whoever asked does not have it yet; `isAtOnce`: before the call that asked has returned. */
  onAnswered(isOk: boolean, isAtOnce: boolean): void;
}

/** An engine as the gateway sees it, with somebody who looks on. */
export class WatchedEngine implements Engine {
  readonly #engine: Engine;
  readonly #watcher: EngineWatcher;
  readonly #fail: (violation: Error) => void;

  /** @param fail takes what the watcher throws: the gateway would take it for a fault of a request, or lose it in a promise */
  constructor(engine: Engine, watcher: EngineWatcher, fail: (violation: Error) => void) {
    this.#engine = engine;
    this.#watcher = watcher;
    this.#fail = fail;
  }

  get chat(): ChatReader {
    return this.#engine.chat;
  }

  submit(submission: Submission, answer: (result: Result<Committed>) => void): void {
    this.#show(() => this.#watcher.onAsked(submission));
    this.#engine.submit(submission, (result) => {
      this.#show(() => {
        if (result.ok) this.#watcher.onAcknowledged(submission, result.value);
        else this.#watcher.onRefused(submission, result.error);
      });
      answer(result);
    });
  }

  read<T>(seen: Freshness, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void {
    const watched = this.#watchRead(query, answer);
    this.#engine.read(seen, watched.ask, watched.answer);
    watched.onAsked();
  }

  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: (result: Result<HistoryPage>) => void,
  ): void {
    const watched = this.#watchRead(choose, answer);
    this.#engine.readHistory(seen, watched.ask, watched.answer);
    watched.onAsked();
  }

  /** @param ask what the engine calls once it may answer, perhaps more than once */
  #watchRead<Asked, Answer>(ask: (chat: ChatReader) => Asked, answer: (result: Result<Answer>) => void) {
    const watcher = this.#show(() => this.#watcher.onRead());
    let isAtOnce = true;
    let isConfirmed = false;
    return {
      ask: (chat: ChatReader): Asked => {
        if (!isConfirmed) this.#show(() => watcher?.onConfirmed());
        isConfirmed = true;
        return ask(chat);
      },
      answer: (result: Result<Answer>) => {
        this.#show(() => watcher?.onAnswered(result.ok, isAtOnce));
        answer(result);
      },
      onAsked: () => {
        isAtOnce = false;
      },
    };
  }

  #show<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      this.#fail(error as Error);
      return undefined;
    }
  }

  received(account: AccountId, position: number): void {
    this.#engine.received(account, position);
  }

  markRead(account: AccountId, end: ConversationEnd, position: number): void {
    this.#engine.markRead(account, end, position);
  }

  tokenFor(logIn: LogIn): string {
    return this.#engine.tokenFor(logIn);
  }

  logInOf(token: string): LogIn | undefined {
    return this.#engine.logInOf(token);
  }

  hasSessionKey(): boolean {
    return this.#engine.hasSessionKey();
  }

  tellServers(news: ServerNews, to?: string): void {
    this.#engine.tellServers(news, to);
  }

  isFull(): boolean {
    return this.#engine.isFull();
  }

  isPrimary(): boolean {
    return this.#engine.isPrimary();
  }

  whyNotPrimary(): ChatError {
    return this.#engine.whyNotPrimary();
  }

  cluster(): Cluster {
    return this.#engine.cluster();
  }

  status(): ServerStatus {
    return this.#engine.status();
  }

  subscribe(listener: EngineListener): void {
    this.#engine.subscribe(listener);
  }

  leave(): Promise<void> {
    return this.#engine.leave();
  }
}
