import type { Message } from '../shared/api.ts';
import { TYPING_SHOWN_MS } from '../shared/limits.ts';
import { nameKey } from '../shared/names.ts';
import type { ChatEvent } from './chat-types.ts';
import type { Clock } from './clock.ts';

/** Somebody who goes on typing says so again before it would no longer be shown. */
const REPEAT_MS = TYPING_SHOWN_MS / 2;

type Typist = Omit<Extract<ChatEvent, { type: 'typing' }>, 'type' | 'typing'>;

export interface TypingOptions {
  clock: Clock;
  emit(event: ChatEvent): void;
  /** Says so to the primary. @returns false when there is none now */
  send(conversation: string, typing: boolean): boolean;
}

/** Who is typing where: one's own is told no more often than needed, that of others ends when nothing more is heard of it. */
export class Typing {
  readonly #options: TypingOptions;
  /** When it was last said that the user is typing, by the conversation's key. */
  readonly #saidAtMs = new Map<string, number>();
  readonly #shown = new Map<string, { typist: Typist; cancelEnd: () => void }>();

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  /** The user is typing there, or not any more. */
  set(conversation: string, typing: boolean): void {
    const { clock, send } = this.#options;
    const key = nameKey(conversation);
    const sinceMs = clock.now() - (this.#saidAtMs.get(key) ?? Number.NEGATIVE_INFINITY);
    if (typing) {
      if (sinceMs >= REPEAT_MS && send(conversation, true)) this.#saidAtMs.set(key, clock.now());
      return;
    }
    this.#saidAtMs.delete(key);
    if (sinceMs < TYPING_SHOWN_MS) send(conversation, false);
  }

  /** The user wrote there: whoever gets the message needs no other word. */
  onSent(conversation: string): void {
    this.#saidAtMs.delete(nameKey(conversation));
  }

  onPush({ typing, ...typist }: Typist & { typing: boolean }): void {
    const key = keyOf(typist);
    const before = this.#shown.get(key);
    before?.cancelEnd();
    if (!typing) {
      if (before) this.#end(key);
      return;
    }
    const cancelEnd = this.#options.clock.after(TYPING_SHOWN_MS, () => this.#end(key));
    this.#shown.set(key, { typist, cancelEnd });
    if (!before) this.#options.emit({ type: 'typing', ...typist, typing: true });
  }

  /** What somebody was typing has come. */
  onMessage({ from, to }: Message): void {
    if (this.#shown.size > 0) this.#end(keyOf({ with: to.startsWith('#') ? to : from, username: from }));
  }

  /** The connection was lost: nothing would be heard of its end. */
  suspend(): void {
    this.#saidAtMs.clear();
    for (const key of [...this.#shown.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const shown = this.#shown.get(key);
    if (!shown) return;
    shown.cancelEnd();
    this.#shown.delete(key);
    this.#options.emit({ type: 'typing', ...shown.typist, typing: false });
  }
}

function keyOf(typist: Typist): string {
  return `${nameKey(typist.with)} ${nameKey(typist.username)}`;
}
