import { createInterface } from 'node:readline';

/** Where the line mode gets its lines from. */
export interface ReplLines {
  /** The next line; undefined when there are no more. */
  next(): Promise<string | undefined>;
}

/** Lines of a pipe or a file. */
export class PipedLines implements ReplLines {
  readonly #input: NodeJS.ReadableStream;
  #lines: AsyncIterator<string> | undefined;

  constructor(input: NodeJS.ReadableStream) {
    this.#input = input;
  }

  async next(): Promise<string | undefined> {
    // Not made earlier: what it reads before anybody takes the lines would be lost.
    this.#lines ??= createInterface({
      input: this.#input,
      terminal: false,
      crlfDelay: Number.POSITIVE_INFINITY,
    })[Symbol.asyncIterator]();
    const next = await this.#lines.next();
    return next.done ? undefined : next.value;
  }
}
