import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { cleanEnvironment, pause } from './cluster.ts';

const run = promisify(execFile);
const POLL_MS = 50;
const PATIENCE_MS = 25_000;
/** What people read was typed a little before; some keys mean something else when they come in one go with others. */
const BETWEEN_KEYS_MS = 15;

export interface TerminalOptions {
  columns: number;
  rows: number;
  /** The command and at least one argument: tmux gives a single word to a shell. */
  command: readonly [string, string, ...string[]];
  /** Besides what every program of ours inherits. */
  environment?: Readonly<Record<string, string>>;
}

/** Why there are no terminals here; empty when there are. */
export function whyNoTerminals(): string {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return '';
  } catch {
    return 'tmux is not installed';
  }
}

let sessions = 0;

/** A real terminal in which a program runs: a tmux server of its own, which nobody else's is touched by. */
export class TerminalSession {
  readonly #socket = `understudy-${process.pid}-${++sessions}`;
  #columns: number;
  #rows: number;

  private constructor({ columns, rows }: TerminalOptions) {
    this.#columns = columns;
    this.#rows = rows;
  }

  static async open(options: TerminalOptions): Promise<TerminalSession> {
    const session = new TerminalSession(options);
    const { columns, rows, command, environment = {} } = options;
    const variables = Object.entries({ ...environment, COLORTERM: 'truecolor' }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ]);
    const size = ['-x', String(columns), '-y', String(rows)];
    // What the program leaves behind stays to be looked at.
    const keep = [';', 'set', '-g', 'remain-on-exit', 'on', ';', 'set', '-g', 'status', 'off'];
    await session.#tmux('new-session', '-d', ...size, ...variables, ...command, ...keep);
    return session;
  }

  /** Presses keys by tmux's names: `Enter`, `C-k`, `M-1`, `PPage`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.#tmux('send-keys', key);
      await pause(BETWEEN_KEYS_MS);
    }
  }

  /** Types a text, and presses Enter unless told otherwise. */
  async type(text: string, enter = true): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text);
    await pause(BETWEEN_KEYS_MS);
    if (enter) await this.press('Enter');
  }

  /** Pastes a text as a terminal does that marks pastes. */
  async paste(text: string): Promise<void> {
    await this.#tmux('set-buffer', '--', text);
    await this.#tmux('paste-buffer', '-p');
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.#columns = columns;
    this.#rows = rows;
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#columns, rows: this.#rows };
  }

  /** What is on the screen, a line a row; with escape sequences for the looks when asked for. */
  async capture(looks = false): Promise<string> {
    return await this.#tmux('capture-pane', '-p', ...(looks ? ['-e', '-N'] : []));
  }

  /** Waits until the screen shows it. @returns the screen. @throws Error with the screen when it does not come */
  async shows(what: string | RegExp, patienceMs = PATIENCE_MS): Promise<string> {
    return await this.#until(`shows ${what}`, (screen) => contains(screen, what), patienceMs);
  }

  async showsNot(what: string | RegExp, patienceMs = PATIENCE_MS): Promise<string> {
    return await this.#until(`no longer shows ${what}`, (screen) => !contains(screen, what), patienceMs);
  }

  /** The process that the terminal runs; what it started may be another. */
  async pid(): Promise<number> {
    return Number(await this.#tmux('display-message', '-p', '#{pane_pid}'));
  }

  /** What the program has put into the window's title. */
  async title(): Promise<string> {
    return (await this.#tmux('display-message', '-p', '#{pane_title}')).trim();
  }

  /** Waits until the program has ended. @returns its exit status */
  async ended(): Promise<number> {
    let answer = '';
    const tmux = Number(await this.#tmux('display-message', '-p', '#{pid}'));
    // tmux knows that the program is gone a moment before it knows how it ended.
    await this.#until('has ended', async () => {
      // Now and then tmux 3.3a misses the signal that its child is gone, and leaves a zombie until the next one.
      process.kill(tmux, 'SIGCHLD');
      answer = await this.#tmux(
        'display-message',
        '-p',
        '#{pane_dead} #{pane_dead_status}#{?pane_dead_signal,killed by #{pane_dead_signal},}',
      );
      return /^1 \d/.test(answer);
    });
    return Number(answer.trim().split(' ')[1]);
  }

  /** Starts the next program in the same terminal, after the one before has ended or is ended by this. */
  async restart(command: TerminalOptions['command']): Promise<void> {
    await this.#tmux('respawn-pane', '-k', ...command);
  }

  /** Closes the terminal; the program in it gets SIGHUP. Resolves when it has ended. */
  async close(): Promise<void> {
    const pid = await this.pid().catch(() => 0);
    await this.#tmux('kill-server').catch(() => undefined);
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    while (pid > 0 && isThere(pid) && performance.now() < giveUpAtMs) await pause(POLL_MS);
  }

  async #until(
    what: string,
    isSo: (screen: string) => boolean | Promise<boolean>,
    patienceMs = PATIENCE_MS,
  ): Promise<string> {
    const giveUpAtMs = performance.now() + patienceMs;
    for (;;) {
      const screen = await this.capture();
      if (await isSo(screen)) return screen;
      if (performance.now() > giveUpAtMs)
        throw new Error(`After ${patienceMs} ms the terminal never ${what}:\n${screen}`);
      await pause(POLL_MS);
    }
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    // CI's variables make Ink draw for a log file; LANG makes tmux think in UTF-8.
    const {
      CI: _,
      TMUX: __,
      ...environment
    } = { ...cleanEnvironment(), LANG: 'C.UTF-8', TZ: 'UTC' } as NodeJS.ProcessEnv;
    const { stdout } = await run('tmux', ['-L', this.#socket, '-u', '-f', '/dev/null', ...args], { env: environment });
    return stdout;
  }
}

function contains(screen: string, what: string | RegExp): boolean {
  return typeof what === 'string' ? screen.includes(what) : what.test(screen);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
