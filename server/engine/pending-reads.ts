import { type ChatError, type Result, refusal, success } from '../../shared/errors.ts';
import type { ChatReader } from '../state/reader.ts';

interface Waiting {
  /** Answered once so much is applied. */
  position: number;
  /** Answered once the replica has confirmed that it is the primary; null for a read that need not be. */
  checkId: number | null;
  deadlineMs: number;
  run(): void;
  fail(error: ChatError): void;
}

/** Reads that cannot be answered yet (R17). */
export class PendingReads {
  readonly #chat: ChatReader;
  readonly #mayAnswer: () => boolean;
  #waiting: Waiting[] = [];

  /** @param mayAnswer false while the state must not be shown to anybody */
  constructor(chat: ChatReader, mayAnswer: () => boolean) {
    this.#chat = chat;
    this.#mayAnswer = mayAnswer;
  }

  /** Whether some read waits for the confirmation that this is the primary. */
  get waitForConfirmation(): boolean {
    return this.#waiting.some(({ checkId }) => checkId !== null);
  }

  add<T>(
    wait: { position: number; checkId: number | null; deadlineMs: number },
    query: (chat: ChatReader) => T,
    answer: (result: Result<T>) => void,
  ): void {
    this.#waiting.push({
      ...wait,
      run: () => answer(success(query(this.#chat))),
      fail: (error) => answer({ ok: false, error }),
    });
    this.answerReady();
  }

  /** The replica was the primary after all checks up to this one had been asked for. */
  confirm(checkId: number): void {
    for (const read of this.#waiting) {
      if (read.checkId === null || read.checkId > checkId) continue;
      read.checkId = null;
      // Confirmed and still below: that position was never given out by this history.
      if (read.position > this.#chat.position) this.#refuseFuture(read);
    }
    this.answerReady();
  }

  #refuseFuture(read: Waiting): void {
    this.#waiting = this.#waiting.filter((one) => one !== read);
    const text = `Position ${read.position} lies in the future: the last one is ${this.#chat.position}. Reload from the beginning.`;
    read.fail(refusal('bad-request', text).error);
  }

  answerReady(): void {
    const isReady = (read: Waiting) => read.checkId === null && read.position <= this.#chat.position;
    if (!this.#waiting.some(isReady) || !this.#mayAnswer()) return;
    const ready = this.#waiting.filter(isReady);
    this.#waiting = this.#waiting.filter((read) => !isReady(read));
    for (const read of ready) read.run();
  }

  /** Refuses those that waited too long, or, when this is no longer the primary, those that needed it to be. */
  refuseLate(nowMs: number, isPrimary: boolean, why: () => ChatError): void {
    const isLate = (read: Waiting) => nowMs >= read.deadlineMs || (read.checkId !== null && !isPrimary);
    const late = this.#waiting.filter(isLate);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter((read) => !isLate(read));
    for (const read of late) read.fail(why());
  }
}
