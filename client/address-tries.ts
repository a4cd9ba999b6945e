import type { Address } from '../shared/ids.ts';
import type { Random } from '../shared/random.ts';
import { backoffMs, type Clock, RETRY_BACKOFF } from './clock.ts';

/** How connecting to an address went. */
export interface Tries {
  /** In a row. */
  failures: number;
  nextAtMs: number;
  /** Why the last one failed; empty when it did not. */
  reason: string;
}

/** When each address may be tried again: soon at first, then further and further apart. */
export class AddressTries {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #tries = new Map<Address, Tries>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Addresses that were ever tried. */
  get all(): ReadonlyMap<Address, Readonly<Tries>> {
    return this.#tries;
  }

  failures(address: Address): number {
    return this.#tries.get(address)?.failures ?? 0;
  }

  isDue(address: Address): boolean {
    return (this.#tries.get(address)?.nextAtMs ?? 0) <= this.#clock.now();
  }

  begin(address: Address): void {
    if (!this.#tries.has(address)) this.#tries.set(address, { failures: 0, nextAtMs: 0, reason: '' });
  }

  /** @param atLeast counts as so many failures in a row, when there is no hope that the next try ends otherwise */
  fail(address: Address, reason: string, atLeast = 1): void {
    const failures = Math.max(this.failures(address) + 1, atLeast);
    const nextAtMs = this.#clock.now() + backoffMs(RETRY_BACKOFF, failures - 1, this.#random);
    this.#tries.set(address, { failures, nextAtMs, reason });
  }

  succeed(address: Address): void {
    this.#tries.set(address, { failures: 0, nextAtMs: 0, reason: '' });
  }

  /** There is a new reason to try it. */
  hurry(address: Address): void {
    const tries = this.#tries.get(address);
    if (tries) tries.nextAtMs = 0;
  }

  clear(): void {
    this.#tries.clear();
  }
}
