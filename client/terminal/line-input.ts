import { constants } from 'node:os';

/** Makes lines of what a terminal sends, be it line by line or, where nothing is echoed, key by key. */
export class LineInput {
  readonly #onLine: (line: string) => void;
  readonly #onLeave: (status: number) => void;
  readonly #decoder = new TextDecoder();
  #typed: string[] = [];

  /** @param onLeave gets the exit status: 0 at the end of the input, 130 after Ctrl+C */
  constructor(onLine: (line: string) => void, onLeave: (status: number) => void) {
    this.#onLine = onLine;
    this.#onLeave = onLeave;
  }

  push(piece: Uint8Array): void {
    for (const character of this.#decoder.decode(piece, { stream: true })) this.#take(character);
  }

  #take(character: string): void {
    switch (character) {
      case '\r':
      case '\n': {
        const line = this.#typed.join('');
        this.#typed = [];
        this.#onLine(line);
        return;
      }
      case '\x03':
        this.#onLeave(128 + constants.signals.SIGINT);
        return;
      case '\x04':
        if (this.#typed.length === 0) this.#onLeave(0);
        return;
      case '\x7f':
      case '\b':
        this.#typed.pop();
        return;
      default:
        this.#typed.push(character);
    }
  }
}
