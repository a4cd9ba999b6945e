import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { DerivedKey, KeyToDerive } from './password-worker.ts';

/**
 * Salted password hashes. The work is done in threads of its own: libuv's thread pool, which also does every `fsync`,
 * never waits for it, and neither does the main loop.
 *
 * Passwords are compared by their NFKC form, so that the same keys pressed on two systems are one password.
 */
export interface Passwords {
  /**
   * @returns `scrypt$N$r$p$salt$key`, salt and key in base64url
   * @throws {@link PasswordsBusy} when too many others wait
   */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one that was hashed; false for a stored text that is no hash. Takes the same time for
   * right and wrong passwords.
   *
   * @throws {@link PasswordsBusy} when too many others wait
   */
  verify(password: string, stored: string): Promise<boolean>;
  /** Ends the threads; what waits is rejected. */
  close(): Promise<void>;
}

/** Too many passwords wait to be hashed, or the threads have ended: nothing was done, try again later. */
export class PasswordsBusy extends Error {
  override name = 'PasswordsBusy';
}

const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** A stored hash that asks for more memory than this (128 × N × r bytes) was not made here. */
const MEMORY_MAX_BYTES = 64 * 1024 * 1024;

const WAITING_MAX = 1_000;

interface StoredHash {
  cost: number;
  blockSize: number;
  parallelization: number;
  salt: Uint8Array;
  key: Uint8Array;
}

interface Job {
  work: KeyToDerive;
  resolve(key: Uint8Array): void;
  reject(error: Error): void;
}

/** A hash that no password matches and that takes as long to check as any: for accounts that do not exist. */
export function unmatchableHash(): string {
  return format(randomBytes(SALT_BYTES), randomBytes(KEY_BYTES));
}

/**
 * Starts a pool of hashing threads; each thread starts when it is first needed.
 *
 * @param options.workers 1 or 2; by default one, two where there are more than two processors
 * @param options.waitingMax how many may wait before others are turned away
 */
export function startPasswords(options: { workers?: number; waitingMax?: number } = {}): Passwords {
  const pool = new HashingPool(options.workers ?? (availableParallelism() > 2 ? 2 : 1), options.waitingMax);
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const key = await pool.derive({
        password: password.normalize('NFKC'),
        salt,
        keyBytes: KEY_BYTES,
        cost: COST,
        blockSize: BLOCK_SIZE,
        parallelization: PARALLELIZATION,
      });
      return format(salt, key);
    },
    async verify(password, stored) {
      const parsed = parse(stored);
      if (!parsed) return false;
      const { key: expected, ...parameters } = parsed;
      const work = { password: password.normalize('NFKC'), keyBytes: expected.length, ...parameters };
      return timingSafeEqual(await pool.derive(work), expected);
    },
    close: () => pool.close(),
  };
}

function format(salt: Uint8Array, key: Uint8Array): string {
  const [saltText, keyText] = [salt, key].map((bytes) => Buffer.from(bytes).toString('base64url'));
  return `scrypt$${COST}$${BLOCK_SIZE}$${PARALLELIZATION}$${saltText}$${keyText}`;
}

function parse(stored: string): StoredHash | undefined {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,2})\$([\w-]{1,128})\$([\w-]{22,128})$/.exec(stored);
  if (!match) return undefined;
  const [cost, blockSize, parallelization] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const powerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!powerOfTwo || blockSize < 1 || parallelization < 1) return undefined;
  if (128 * cost * blockSize > MEMORY_MAX_BYTES || parallelization > 16) return undefined;
  const [salt, key] = [Buffer.from(match[4]!, 'base64url'), Buffer.from(match[5]!, 'base64url')];
  return { cost, blockSize, parallelization, salt, key };
}

/** First come, first served, over a fixed number of threads. A thread that dies fails the job it had; the next job starts another. */
class HashingPool {
  readonly #size: number;
  readonly #waitingMax: number;
  readonly #waiting: Job[] = [];
  readonly #jobs = new Map<Worker, Job | undefined>();
  #closed = false;

  constructor(size: number, waitingMax = WAITING_MAX) {
    this.#size = size;
    this.#waitingMax = waitingMax;
  }

  derive(work: KeyToDerive): Promise<Uint8Array> {
    if (this.#closed) return Promise.reject(new PasswordsBusy('The server is stopping and checks no passwords.'));
    if (this.#waiting.length >= this.#waitingMax) {
      return Promise.reject(new PasswordsBusy(`${this.#waiting.length} log-ins wait already; try again in a moment.`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#assign();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const stopping = new PasswordsBusy('The server is stopping and checks no passwords.');
    for (const job of this.#waiting.splice(0)) job.reject(stopping);
    const workers = [...this.#jobs];
    this.#jobs.clear();
    for (const [, job] of workers) job?.reject(stopping);
    await Promise.all(workers.map(([worker]) => worker.terminate()));
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const worker = this.#idleWorker();
      if (!worker) return;
      const job = this.#waiting.shift()!;
      this.#jobs.set(worker, job);
      worker.ref();
      worker.postMessage(job.work);
    }
  }

  #idleWorker(): Worker | undefined {
    for (const [worker, job] of this.#jobs) if (!job) return worker;
    return this.#jobs.size < this.#size ? this.#startWorker() : undefined;
  }

  #startWorker(): Worker {
    const worker = startThread();
    worker.on('message', ({ key }: DerivedKey) => {
      const job = this.#jobs.get(worker);
      if (!job) return;
      this.#jobs.set(worker, undefined);
      // A thread keeps the process alive only while somebody waits for it.
      worker.unref();
      job.resolve(key);
      this.#assign();
    });
    const onDeath = (cause: unknown): void => {
      if (!this.#jobs.has(worker)) return;
      const job = this.#jobs.get(worker);
      this.#jobs.delete(worker);
      job?.reject(
        new PasswordsBusy(`The thread that checks passwords ended (${String(cause)}); try again.`, { cause }),
      );
      this.#assign();
    };
    worker.on('error', onDeath);
    worker.on('exit', onDeath);
    worker.unref();
    this.#jobs.set(worker, undefined);
    return worker;
  }
}

/** The thread runs the file beside this one: built, or as source, which a thread needs a loader of its own for. */
function startThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./password-worker.js', import.meta.url));
  const loaderForRequire = createRequire(import.meta.url).resolve('tsx/esm/api');
  const loader = JSON.stringify(new URL('./index.mjs', pathToFileURL(loaderForRequire)).href);
  const source = JSON.stringify(new URL('./password-worker.ts', import.meta.url).href);
  const program = `const loader = await import(${loader}); loader.register(); await import(${source});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
}
