import type { Committed, Engine, EngineListener, Submission } from '../../server/engine/engine.ts';
import type { ChatReader, HistoryChoice, HistoryPage, LogIn } from '../../server/state/reader.ts';
import type { Cluster, ServerStatus } from '../../shared/api.ts';
import type { ChatError, Result } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';

/** What is noted of what an engine answers. */
export interface EngineWatcher {
  /** A write is asked for. */
  onAsked(submission: Submission): void;
  /** A write is answered `ok`. */
  onAcknowledged(submission: Submission, committed: Committed): void;
  /** A write is answered with a refusal. */
  onRefused(submission: Submission, error: ChatError): void;
  /** A read is asked for. @returns what to call with the answer, before whoever asked has it */
  onRead(): OnAnswer;
}

/** A read is answered; `isAtOnce`: before the call that asked has returned. */
export type OnAnswer = (isOk: boolean, isAtOnce: boolean) => void;

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

  read<T>(seen: number | undefined, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void {
    const onAnswer = this.#show(() => this.#watcher.onRead());
    let isAtOnce = true;
    this.#engine.read(seen, query, (result) => {
      this.#show(() => onAnswer?.(result.ok, isAtOnce));
      answer(result);
    });
    isAtOnce = false;
  }

  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: (result: Result<HistoryPage>) => void,
  ): void {
    const onAnswer = this.#show(() => this.#watcher.onRead());
    let isAtOnce = true;
    this.#engine.readHistory(seen, choose, (result) => {
      this.#show(() => onAnswer?.(result.ok, isAtOnce));
      answer(result);
    });
    isAtOnce = false;
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

  tokenFor(logIn: LogIn): string {
    return this.#engine.tokenFor(logIn);
  }

  logInOf(token: string): LogIn | undefined {
    return this.#engine.logInOf(token);
  }

  hasSessionKey(): boolean {
    return this.#engine.hasSessionKey();
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
