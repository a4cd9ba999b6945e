import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import type { Output } from './output.ts';
import { secretLine } from './repl-commands.ts';
import type { Completion } from './repl-completion.ts';
import type { ReplHistory } from './repl-history.ts';
import { safeText } from './terminal-safe.ts';

export interface ReplTerminalOptions {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  history: ReplHistory;
  /** What may stand in the place of the last piece of a line. */
  complete: (line: string) => Promise<Completion>;
}

/** The terminal as readline writes to it: what is typed can be kept from the screen. */
class Screen extends Writable {
  readonly isTTY = true;
  isMuted = false;
  readonly #terminal: NodeJS.WriteStream;
  readonly #onResize = () => this.emit('resize');

  constructor(terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  override _write(piece: string | Uint8Array, _encoding: string, done: () => void): void {
    if (!this.isMuted) this.#terminal.write(piece);
    done();
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#terminal.off('resize', this.#onResize);
    done();
  }
}

/**
 * A terminal in front of which somebody types commands: lines with a history and completion, passwords that are not shown,
 * and above the line that is being typed whatever happens meanwhile.
 */
export class ReplTerminal {
  /** Writes above the line that is being typed. */
  readonly output: Output;
  /** Resolves when the user has enough: Ctrl+C on an empty line. */
  readonly interrupted: Promise<void>;
  readonly #screen: Screen;
  readonly #lines: Interface;
  readonly #history: ReplHistory;
  readonly #typed: string[] = [];
  #takes: ((line: string | undefined) => void) | undefined;
  #isEnded = false;

  constructor({ input, output, history, complete }: ReplTerminalOptions) {
    this.#history = history;
    this.#screen = new Screen(output);
    this.#lines = createInterface({
      input,
      output: this.#screen,
      terminal: true,
      prompt: '',
      history: [...history.lines].reverse(),
      historySize: 1000,
      completer: (line: string, done: (failure: null, found: [string[], string]) => void) => {
        if (this.#screen.isMuted) done(null, [[], line]);
        else void complete(line).then(({ candidates, piece }) => done(null, [candidates, piece]));
      },
    });
    this.output = {
      line: (text) => this.#print(safeText(text)),
      note: (text) => this.#print(safeText(text)),
      json: (value) => this.#print(JSON.stringify(value)),
      raw: (text) => output.write(text),
      drained: async () => {},
      isTerminal: true,
    };
    this.#lines.on('history', (all) => this.#onHistory(all));
    this.#lines.on('line', (line) => this.#onLine(line));
    this.#lines.on('close', () => this.#onEnd());
    this.interrupted = new Promise((resolve) => {
      this.#lines.on('SIGINT', () => this.#onInterrupt(resolve));
    });
  }

  /** What stands before what is typed, from now on. */
  setPrompt(prompt: string): void {
    this.#lines.setPrompt(prompt);
  }

  /** The next line; undefined when there are no more (Ctrl+D). */
  async next(): Promise<string | undefined> {
    const early = this.#typed.shift();
    if (early !== undefined) return early;
    if (this.#isEnded) return undefined;
    this.#lines.prompt(true);
    return this.#take();
  }

  /** Asks for something that is not shown while it is typed, and kept nowhere; undefined after Ctrl+C or Ctrl+D. */
  async askSecret(question: string): Promise<string | undefined> {
    if (this.#isEnded) return undefined;
    const prompt = this.#lines.getPrompt();
    this.#lines.setPrompt(question);
    this.#lines.prompt();
    this.#screen.isMuted = true;
    const answer = await this.#take();
    this.#screen.isMuted = false;
    this.#screen.write('\n');
    this.#lines.setPrompt(prompt);
    return answer;
  }

  /** Gives the terminal back as it was. */
  close(): void {
    this.#isEnded = true;
    this.#lines.close();
    this.#screen.destroy();
  }

  #take(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#takes = (line) => {
        this.#takes = undefined;
        resolve(line);
      };
    });
  }

  #onLine(line: string): void {
    if (!this.#screen.isMuted && line.trim() !== '') this.#history.add(line);
    if (this.#takes) this.#takes(line);
    else this.#typed.push(line);
  }

  #onEnd(): void {
    // The next thing that is written begins a line of its own.
    if (!this.#isEnded) this.#screen.write('\n');
    this.#isEnded = true;
    this.#takes?.(undefined);
  }

  /** What is typed unseen is not shown later either; nor is a password that was typed on a line. */
  #onHistory(all: string[]): void {
    const line = all[0];
    if (line === undefined || line !== this.#lines.line) return;
    if (this.#screen.isMuted) all.shift();
    else all[0] = secretLine(line)?.shown ?? line;
  }

  #onInterrupt(leave: () => void): void {
    if (this.#screen.isMuted) {
      this.#clearTyped();
      this.#takes?.(undefined);
    } else if (this.#lines.line !== '') this.#clearTyped();
    else leave();
  }

  #clearTyped(): void {
    this.#lines.write(null, { ctrl: true, name: 'e' });
    this.#lines.write(null, { ctrl: true, name: 'u' });
  }

  #print(text: string): void {
    const isTyping = this.#takes !== undefined || this.#lines.line !== '';
    if (!isTyping || this.#isEnded) {
      this.#screen.write(`${text}\n`);
      return;
    }
    const { isMuted } = this.#screen;
    this.#screen.isMuted = false;
    cursorTo(this.#screen, 0);
    if (!isMuted) moveCursor(this.#screen, 0, -this.#lines.getCursorPos().rows);
    clearScreenDown(this.#screen);
    this.#screen.write(`${text}\n`);
    if (isMuted) this.#screen.write(this.#lines.getPrompt());
    this.#screen.isMuted = isMuted;
    if (isMuted) return;
    // Where readline believes its first row to be: it is the one below what was written.
    Object.assign(this.#lines, { prevRows: 0 });
    this.#lines.prompt(true);
  }
}
