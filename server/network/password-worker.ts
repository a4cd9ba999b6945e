import { scryptSync } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../shared/assert.ts';

/** What the thread is asked for. */
export interface KeyToDerive {
  password: string;
  salt: Uint8Array;
  keyBytes: number;
  /** N of scrypt, a power of two. */
  cost: number;
  /** r of scrypt. */
  blockSize: number;
  /** p of scrypt. */
  parallelization: number;
}

/** What it answers, in the order of the questions. */
export interface DerivedKey {
  key: Uint8Array;
}

const port = parentPort;
assert(port, 'password-worker runs only as a worker thread');

port.on('message', (work: KeyToDerive) => {
  const { cost, blockSize, parallelization } = work;
  const maxmem = 2 * 128 * cost * blockSize;
  const key = scryptSync(work.password, work.salt, work.keyBytes, { cost, blockSize, parallelization, maxmem });
  port.postMessage({ key: new Uint8Array(key) } satisfies DerivedKey);
});
