import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { cleanEnvironment, pause } from './cluster.ts';

/** A Chromium of this machine; undefined when there is none. */
export const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (program) => spawnSync(program, ['--version', '--no-sandbox']).status === 0,
);

const PATIENCE_MS = 20_000;
const POLL_MS = 50;
const CLOSE_PATIENCE_MS = 5000;

interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** A page in a Chromium without a window, spoken to by the DevTools protocol over a pipe. */
export class BrowserPage {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #profile = mkdtempSync(join(tmpdir(), 'understudy-browser-'));
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #session: string | undefined;
  #lastId = 0;

  private constructor(program: string) {
    const args = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--window-size=900,640',
    ];
    this.#child = spawn(program, [...args, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    let text = '';
    (this.#child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (text + chunk).split('\0');
      text = messages.pop()!;
      for (const message of messages) this.#take(JSON.parse(message) as Answer);
    });
  }

  /** Starts the browser and opens a page. */
  static async open(url: string, program: string): Promise<BrowserPage> {
    const page = new BrowserPage(program);
    try {
      const { targetId } = await page.#ask('Target.createTarget', { url });
      const { sessionId } = await page.#ask('Target.attachToTarget', { targetId, flatten: true });
      page.#session = sessionId as string;
      return page;
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  /** What an expression is in the page, as JSON would keep it. @throws Error with what the page threw */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    const { result, exceptionDetails } = answer as {
      result: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  /** Waits until an expression is true in the page. @throws Error with what the page shows when it is not within 20 s */
  async until(expression: string): Promise<void> {
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    // While a page is loaded anew, there is nothing to ask.
    while ((await this.evaluate(expression).catch(() => false)) !== true) {
      if (performance.now() > giveUpAtMs) {
        throw new Error(`Not so: ${expression}. The page shows:\n${await this.evaluate('document.body.innerText')}`);
      }
      await pause(POLL_MS);
    }
  }

  /** Resolves when the page that was there is gone, and the new one is there. */
  async reload(): Promise<void> {
    await this.evaluate('globalThis.isFormerPage = true');
    await this.#ask('Page.reload', {});
    await this.until(`globalThis.isFormerPage === undefined && document.readyState === 'complete'`);
  }

  /** Ends the browser and removes what it kept. */
  async close(): Promise<void> {
    this.#session = undefined;
    // Asked for, it ends all its processes itself.
    void this.#ask('Browser.close', {}).catch(() => {});
    await Promise.race([this.#ended, pause(CLOSE_PATIENCE_MS)]);
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #ask(method: string, params: object): Promise<Record<string, unknown>> {
    this.#lastId += 1;
    const id = this.#lastId;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Duplex).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result ?? {})));
    });
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id ?? -1);
    this.#waiting.delete(answer.id ?? -1);
    waiting?.(answer);
  }
}
