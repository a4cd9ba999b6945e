import type { ServerStatus } from '../../shared/api.ts';

/** One server, as the drill shows it. */
export type Light = 'primary' | 'backup' | 'waiting' | 'stopped' | 'dead';

const SIGNS: Readonly<Record<Light, string>> = { primary: '●', backup: '○', waiting: '·', stopped: '‖', dead: '✗' };
const COLOURS: Readonly<Record<Light, number>> = { primary: 32, backup: 36, waiting: 33, stopped: 33, dead: 31 };
const DIM = 2;
const BOLD = 1;
const GREEN = 32;
const RED = 31;
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const FRAME_MS = 120;

/** Where the drill prints: a terminal, with colours and a line that moves, or anything else, as plain text. */
export interface ScreenOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Prints what the drill does while it does it: lines that stay, and on a terminal a last line that tells what goes on. */
export class DrillScreen {
  readonly #output: ScreenOutput;
  readonly #isColoured: boolean;
  readonly #startedAtMs = performance.now();
  readonly #live: () => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #isLiveShown = false;

  /** @param live what the moving line says; empty: no line */
  constructor(output: ScreenOutput, environment: NodeJS.ProcessEnv, live: () => string) {
    this.#output = output;
    const isTerminal = output.isTTY === true && environment.TERM !== 'dumb';
    this.#isColoured = isTerminal && !environment.NO_COLOR;
    this.#live = live;
    if (isTerminal) this.#timer = setInterval(() => this.#turn(), FRAME_MS);
  }

  line(text = ''): void {
    this.#clear();
    this.#output.write(`${text}\n`);
  }

  heading(text: string): void {
    this.line();
    this.line(this.#paint(text, BOLD));
  }

  /** Something that happened, with the time since the beginning and how the servers stand now. */
  event(lights: readonly Light[], text: string): void {
    const seconds = `${((performance.now() - this.#startedAtMs) / 1000).toFixed(1)} s`.padStart(8);
    const shown = lights.map((light) => this.#paint(SIGNS[light], COLOURS[light])).join(' ');
    this.line(`${this.#paint(seconds, DIM)}   ${shown}   ${text}`);
  }

  legend(): string {
    return (Object.keys(SIGNS) as Light[])
      .map((light) => `${this.#paint(SIGNS[light], COLOURS[light])} ${light}`)
      .join('   ');
  }

  good(text: string): void {
    this.line(`${this.#paint('✓', GREEN)} ${text}`);
  }

  bad(text: string): void {
    this.line(`${this.#paint('✗', RED)} ${text}`);
  }

  /** No moving line from now on. */
  close(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #turn(): void {
    const text = this.#live();
    if (text === '') return;
    this.#clear();
    this.#frame = (this.#frame + 1) % FRAMES.length;
    this.#isLiveShown = true;
    this.#output.write(`${FRAMES[this.#frame]} ${text}`);
  }

  #clear(): void {
    if (this.#isLiveShown) this.#output.write('\r\u001b[K');
    this.#isLiveShown = false;
  }

  #paint(text: string, style: number): string {
    return this.#isColoured ? `\u001b[${style}m${text}\u001b[0m` : text;
  }
}

/** @param isUp its process exists */
export function lightOf(isUp: boolean, isPaused: boolean, status: ServerStatus | undefined): Light {
  if (!isUp) return 'dead';
  if (isPaused) return 'stopped';
  return status?.role === 'primary' || status?.role === 'backup' ? status.role : 'waiting';
}
