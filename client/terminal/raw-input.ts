/** Wheel and buttons of the mouse (SGR coding), and whether the window is looked at: no keys as `node:readline` knows them. */
const REPORT = /\x1b\[<(\d+);\d+;\d+[Mm]|\x1b\[([IO])/g;
/** The beginning of such a report at the end of what has arrived. */
const TORN = /\x1b\[(?:<[\d;]*)?$/;
const WHEEL: Readonly<Record<string, string>> = { '64': 'wheel-up', '65': 'wheel-down' };

/** Takes what the terminal reports out of what its keyboard sends. */
export class RawInput {
  readonly #onKeyboard: (text: string) => void;
  readonly #onReport: (name: string) => void;
  readonly #decoder = new TextDecoder();
  #torn = '';

  /**
   * @param onKeyboard gets everything else, as it came
   * @param onReport gets `wheel-up`, `wheel-down`, `focus` or `blur`
   */
  constructor(onKeyboard: (text: string) => void, onReport: (name: string) => void) {
    this.#onKeyboard = onKeyboard;
    this.#onReport = onReport;
  }

  /** Takes a piece of input; a report may be torn between two of them. */
  push(piece: Uint8Array | string): void {
    const text = this.#torn + (typeof piece === 'string' ? piece : this.#decoder.decode(piece, { stream: true }));
    const torn = TORN.exec(text)?.[0] ?? '';
    this.#torn = torn;
    const whole = text.slice(0, text.length - torn.length);
    let from = 0;
    for (const match of whole.matchAll(REPORT)) {
      this.#tell(whole.slice(from, match.index));
      from = match.index + match[0].length;
      const name = match[2] === undefined ? WHEEL[match[1]!] : match[2] === 'I' ? 'focus' : 'blur';
      if (name !== undefined) this.#onReport(name);
    }
    this.#tell(whole.slice(from));
  }

  #tell(text: string): void {
    if (text !== '') this.#onKeyboard(text);
  }
}
