import type { Committed, Engine, EngineListener, Submission } from '../../server/engine/engine.ts';
import type { ChatReader, HistoryChoice, HistoryPage } from '../../server/state/reader.ts';
import type { Cluster, ServerStatus } from '../../shared/api.ts';
import type { ChatError, Result } from '../../shared/errors.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';

/** What is noted of what an engine answers. */
export interface EngineWatcher {
  /** A write is answered `ok`. */
  onAcknowledged(submission: Submission, committed: Committed): void;
  /** A read is asked for. @returns what to call with the answer, before whoever asked has it */
  onRead(): OnAnswer;
}

/** A read is answered; `isAtOnce`: before the call that asked has returned. */
export type OnAnswer = (isOk: boolean, isAtOnce: boolean) => void;

/** An engine as the gateway sees it, with somebody who looks on. */
export class WatchedEngine implements Engine {
  readonly #engine: Engine;
  readonly #watcher: EngineWatcher;

  constructor(engine: Engine, watcher: EngineWatcher) {
    this.#engine = engine;
    this.#watcher = watcher;
  }

  get chat(): ChatReader {
    return this.#engine.chat;
  }

  submit(submission: Submission, answer: (result: Result<Committed>) => void): void {
    this.#engine.submit(submission, (result) => {
      if (result.ok) this.#watcher.onAcknowledged(submission, result.value);
      answer(result);
    });
  }

  read<T>(seen: number | undefined, query: (chat: ChatReader) => T, answer: (result: Result<T>) => void): void {
    const onAnswer = this.#watcher.onRead();
    let isAtOnce = true;
    this.#engine.read(seen, query, (result) => {
      onAnswer(result.ok, isAtOnce);
      answer(result);
    });
    isAtOnce = false;
  }

  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: (result: Result<HistoryPage>) => void,
  ): void {
    const onAnswer = this.#watcher.onRead();
    let isAtOnce = true;
    this.#engine.readHistory(seen, choose, (result) => {
      onAnswer(result.ok, isAtOnce);
      answer(result);
    });
    isAtOnce = false;
  }

  received(account: AccountId, position: number): void {
    this.#engine.received(account, position);
  }

  tokenFor(session: SessionId): string {
    return this.#engine.tokenFor(session);
  }

  sessionOf(token: string): SessionId | undefined {
    return this.#engine.sessionOf(token);
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
