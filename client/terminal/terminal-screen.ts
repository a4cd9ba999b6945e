import { constants } from 'node:os';
import type { ReadStream, WriteStream } from 'node:tty';
import { safeText } from '../terminal-safe.ts';

/**
 * The title is put aside; alternate screen; no wrapping, so that a row that is wider than thought can't move the others;
 * marked pastes; whether the window is looked at.
 */
const ENTER = '\x1b[22;2t\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?1004h\x1b[2J\x1b[H';
const LEAVE = '\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l\x1b[23;2t';
/** Buttons and wheel, told in figures of any size. */
const MOUSE = '\x1b[?1000h\x1b[?1006h';
const CLEAR_SCROLLBACK = '\x1b[3J';
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** The terminal while the program has it: what is changed about it, and how that is undone. */
export class TerminalScreen {
  /** What is drawn goes here: as the terminal, but what the user had on it before is never cleared away. */
  readonly output: WriteStream;
  readonly #input: ReadStream;
  readonly #terminal: WriteStream;
  readonly #onExit = (): void => this.leave();
  #entered = false;
  #title = '';

  constructor(input: ReadStream, terminal: WriteStream) {
    this.#input = input;
    this.#terminal = terminal;
    this.output = withoutClearing(terminal);
  }

  /** @param mouse whether the terminal tells of the wheel; it then selects text only while Shift is held */
  enter({ mouse }: { mouse: boolean }): void {
    this.#entered = true;
    process.once('exit', this.#onExit);
    this.#terminal.write(mouse ? ENTER + MOUSE : ENTER);
  }

  /** Calls the user. */
  ring(): void {
    if (this.#entered) this.#terminal.write('\x07');
  }

  /** Gives the window a title; nothing in it is obeyed. */
  setTitle(title: string): void {
    if (title === this.#title || !this.#entered) return;
    this.#title = title;
    this.#terminal.write(`\x1b]2;${safeText(title)}\x07`);
  }

  /** Puts everything back; a second call does nothing, and a terminal that is gone is no error. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    process.off('exit', this.#onExit);
    try {
      this.#input.setRawMode(false);
      this.#terminal.write(LEAVE);
    } catch {
      // The terminal was closed: there is nothing to put back.
    }
  }

  /**
   * Calls back once when the terminal is closed or the process is asked to end, with the exit status for that.
   *
   * @returns stops watching
   */
  whenClosed(onClosed: (status: number) => void): () => void {
    const signals = SIGNALS.map((signal) => ({ signal, listener: () => onClosed(128 + constants.signals[signal]) }));
    const onGone = (): void => onClosed(128 + constants.signals.SIGHUP);
    // Whoever writes to a closed terminal gets an error event, which unheard would end the process with a stack trace.
    const onError = (): void => onGone();
    for (const { signal, listener } of signals) process.on(signal, listener);
    this.#input.on('end', onGone).on('error', onError);
    this.#terminal.on('error', onError);
    return () => {
      for (const { signal, listener } of signals) process.off(signal, listener);
      this.#input.off('end', onGone).off('error', onError);
    };
  }
}

/** Ink clears the terminal's scrollback along with the screen when the window shrinks; that is not ours to clear. */
function withoutClearing(terminal: WriteStream): WriteStream {
  return new Proxy(terminal, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'write') return value.bind(target);
      return (data: unknown, ...rest: unknown[]) =>
        Reflect.apply(value, target, [
          typeof data === 'string' ? data.replaceAll(CLEAR_SCROLLBACK, '') : data,
          ...rest,
        ]);
    },
  });
}
