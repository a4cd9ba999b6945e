import type { Conversation, Replies } from '../shared/api.ts';
import type { Result } from '../shared/errors.ts';
import type { ChatEvent } from './chat-types.ts';

/** Something pushed that changes what the list of conversations says. */
export interface ConversationNews {
  event: ChatEvent;
  /** Undefined when it is no operation of the log: of two such the later one counts. */
  position: number | undefined;
}

export interface ConversationSyncOptions {
  /** Asks the server whose pushes come in here for the page after a conversation; returns how to withdraw the question. */
  fetch(
    ask: { after?: string; limit: number },
    answer: (result: Result<Replies['conversation:list']>) => void,
  ): () => void;
  /** All there are, as of a position at least. */
  tellAll(conversations: readonly Conversation[], position: number): void;
  tell(news: ConversationNews): void;
  /** False: nobody wants the list, only what comes from now on. */
  wanted: boolean;
  onFailed(reason: string): void;
}

const PAGE = 500;

/**
 * Joins the list of conversations and what is pushed: after each `session:ready` it fetches the list, holds what is pushed
 * meanwhile, and leaves out what the list had already.
 */
export class ConversationSync {
  readonly #options: ConversationSyncOptions;
  /** Undefined until a full socket is ready. */
  #held: ConversationNews[] | undefined;
  #cancelFetch: (() => void) | undefined;

  constructor(options: ConversationSyncOptions) {
    this.#options = options;
  }

  /** The connection was lost, or moved, or nobody is logged in: pushes mean nothing until the next {@link onReady}. */
  suspend(): void {
    this.#cancelFetch?.();
    this.#cancelFetch = undefined;
    this.#held = undefined;
  }

  /** A full socket is ready. */
  onReady(): void {
    this.suspend();
    this.#held = [];
    if (this.#options.wanted) this.#fetch([], Number.POSITIVE_INFINITY);
  }

  /** Something was pushed by the full socket that was ready last. */
  onPush(news: ConversationNews): void {
    if (this.#held === undefined) return;
    if (this.#cancelFetch) this.#held.push(news);
    else this.#options.tell(news);
  }

  /** @param position of the first page: a later one may be newer, but says nothing of what stands in this one */
  #fetch(before: readonly Conversation[], position: number): void {
    const after = before.at(-1)?.with;
    let answered = false;
    const cancel = this.#options.fetch({ limit: PAGE, ...(after === undefined ? {} : { after }) }, (result) => {
      answered = true;
      this.#cancelFetch = undefined;
      if (!result.ok) {
        this.#options.onFailed(result.error.message);
        this.#release(0);
        return;
      }
      const { conversations, more } = result.value;
      const all = [...before, ...conversations];
      const asOf = Math.min(position, result.value.position);
      // A page that leads nowhere ends the list rather than asking for it for ever.
      if (more && conversations.length > 0) return this.#fetch(all, asOf);
      this.#options.tellAll(all, asOf);
      this.#release(asOf);
    });
    if (!answered) this.#cancelFetch = cancel;
  }

  #release(above: number): void {
    const held = this.#held ?? [];
    this.#held = [];
    for (const news of held) {
      if (news.position === undefined || news.position > above) this.#options.tell(news);
    }
  }
}
