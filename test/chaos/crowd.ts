import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Acknowledged, GivenUp } from '../../server/commands/drill-audit.ts';
import type { Answer } from '../../server/commands/drill-primaries.ts';
import { machineMs } from '../../server/commands/drill-talker.ts';
import type { Message } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';

const USERS_PROGRAM = fileURLToPath(new URL('./users.ts', import.meta.url));

export type Orders =
  | { do: 'join'; servers: readonly Address[]; users: readonly { username: string; giveUpAfterMs: number }[] }
  /** `to`: whom each user writes to, in the order in which they joined. */
  | { do: 'talk'; to: readonly string[]; inFlight: number; pauseMs: number }
  | { do: 'quiet' };

export interface UserNews {
  acknowledged: Acknowledged[];
  shown: Message[];
  answers: Answer[];
  givenUp: GivenUp[];
  refused: string[];
}

export type UserReport = { done: 'join' | 'quiet' } | { problem: string } | { username: string; news: UserNews };

/** What is known of a user, from its process. */
export interface User extends UserNews {
  readonly username: string;
  /** When the last acknowledgement came, on the machine's monotonic clock. */
  heardMs: number;
  /** The longest time between two of them since {@link Crowd.takeSilenceMs}. */
  silenceMs: number;
}

/** Several users in a process of their own, on a machine of their own. */
export class Crowd {
  readonly users: readonly User[];
  /** Why their process cannot go on, in words. */
  readonly problems: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  #isClosed = false;

  /** @param prefix what a command begins with to run on their machine */
  constructor(names: readonly string[], prefix: readonly string[]) {
    this.users = names.map((username) => ({
      username,
      acknowledged: [],
      shown: [],
      answers: [],
      givenUp: [],
      refused: [],
      heardMs: machineMs(),
      silenceMs: 0,
    }));
    const command = [...prefix, process.execPath, ...process.execArgv, USERS_PROGRAM];
    this.#child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      detached: true,
    });
    this.#child.on('message', (report: UserReport) => this.#take(report));
    this.#child.on('exit', (status, signal) => {
      if (!this.#isClosed) this.#fail(`The users ${names.join(', ')} ended by themselves (${signal ?? status}).`);
    });
  }

  /** Creates the accounts. @throws Error when that fails */
  join(servers: readonly Address[], giveUpAfterMs: (username: string) => number): Promise<void> {
    const users = this.users.map(({ username }) => ({ username, giveUpAfterMs: giveUpAfterMs(username) }));
    return this.#order({ do: 'join', servers, users });
  }

  talk(to: readonly string[], inFlight: number, pauseMs: number): void {
    this.resetSilence();
    this.#child.send({ do: 'talk', to, inFlight, pauseMs } satisfies Orders);
  }

  /** Resolves when everything that was sent is acknowledged or given up, and told. */
  quiet(): Promise<void> {
    return this.#order({ do: 'quiet' });
  }

  #order(orders: Orders): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(orders.do, { resolve, reject });
      this.#child.send(orders);
    });
  }

  #take(report: UserReport): void {
    if ('done' in report) this.#waiting.get(report.done)?.resolve();
    else if ('problem' in report) this.#fail(report.problem);
    else this.#note(this.users.find(({ username }) => username === report.username)!, report.news);
  }

  #fail(problem: string): void {
    this.problems.push(problem);
    for (const { reject } of this.#waiting.values()) reject(new Error(problem));
    this.#waiting.clear();
  }

  #note(user: User, news: UserNews): void {
    user.acknowledged.push(...news.acknowledged);
    user.shown.push(...news.shown);
    user.answers.push(...news.answers);
    user.givenUp.push(...news.givenUp);
    user.refused.push(...news.refused);
    for (const { answeredMs } of news.answers) {
      user.silenceMs = Math.max(user.silenceMs, answeredMs - user.heardMs);
      user.heardMs = Math.max(user.heardMs, answeredMs);
    }
  }

  /** @returns whether each of them was answered something that it sent after this moment of the machine's clock */
  haveHeardSince(momentMs: number): boolean {
    return this.users.every(({ answers }) => (answers.at(-1)?.firstSentMs ?? 0) > momentMs);
  }

  /** @returns how long the one that waited longest heard nothing since the last call; measures anew from now */
  takeSilenceMs(): number {
    const nowMs = machineMs();
    const silenceMs = Math.max(...this.users.map((user) => Math.max(user.silenceMs, nowMs - user.heardMs)));
    this.resetSilence();
    return silenceMs;
  }

  resetSilence(): void {
    for (const user of this.users) {
      user.silenceMs = 0;
      user.heardMs = machineMs();
    }
  }

  /** Ends their process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
