import { randomFillSync } from 'node:crypto';

const NONCE_BYTES = 16;
const randomPool = Buffer.alloc(256 * NONCE_BYTES);
let poolUsed = randomPool.length;

/** 32 random hexadecimal digits; the system is asked for many at a time. */
export function newNonce(): string {
  if (poolUsed === randomPool.length) {
    randomFillSync(randomPool);
    poolUsed = 0;
  }
  poolUsed += NONCE_BYTES;
  return randomPool.toString('hex', poolUsed - NONCE_BYTES, poolUsed);
}
