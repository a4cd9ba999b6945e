import type { Message } from '../shared/api.ts';
import { nameKey } from '../shared/names.ts';

const REMEMBERED = 1000;

/**
 * Keeps from the line mode what it has just said itself: `Sent [id]` stands for the message, whether the message is pushed before that or
 * after. What the same user wrote elsewhere is shown.
 */
export class OwnMessages {
  readonly #show: (message: Message) => void;
  readonly #username: () => string;
  readonly #sent = new Set<string>();
  /** Messages of one's own that came while one was being sent; undefined while none is. */
  #held: Message[] | undefined;

  constructor(username: () => string, show: (message: Message) => void) {
    this.#username = username;
    this.#show = show;
  }

  /** A message came. */
  onMessage(message: Message): void {
    if (this.#sent.delete(message.id)) return;
    const isOwn = nameKey(message.from) === nameKey(this.#username());
    if (isOwn && this.#held) this.#held.push(message);
    else this.#show(message);
  }

  /** A command is under way that may send a message. */
  begin(): void {
    this.#held = [];
  }

  /** It is over. @param id of the message that it sent, if it did */
  end(id: string | undefined): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (id !== undefined && !held.some((message) => message.id === id)) this.#remember(id);
    for (const message of held) if (message.id !== id) this.#show(message);
  }

  #remember(id: string): void {
    this.#sent.add(id);
    const [oldest] = this.#sent;
    if (this.#sent.size > REMEMBERED) this.#sent.delete(oldest!);
  }
}
