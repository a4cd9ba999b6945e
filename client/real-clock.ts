import { type Random, seededRandom } from '../shared/random.ts';
import type { Clock } from './clock.ts';

/** This machine's clock and timers. Pending timers keep the process alive until they are cancelled. */
export function realClock(): Clock {
  return {
    now: () => Date.now(),
    after: (delayMs, action) => {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** A generator that no two processes seed alike; for jitter and fresh client ids, not for secrets. */
export function realRandom(): Random {
  return seededRandom(crypto.getRandomValues(new Uint32Array(4)).join(' '));
}
