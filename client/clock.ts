/** Time as the client library is given it, so that a simulator can own it. */
export interface Clock {
  /** Milliseconds since 1970; only differences and what people are shown depend on it. */
  now(): number;
  /** Runs `action` once after `delayMs`; the returned function prevents that. */
  after(delayMs: number, action: () => void): () => void;
}

/** Shortest and longest wait of a {@link backoffMs} series, before jitter. */
export interface BackoffRange {
  firstMs: number;
  maxMs: number;
}

/** A fail-over lasts tens of milliseconds: the first tries follow each other closely, later ones spare the servers. */
export const RETRY_BACKOFF: BackoffRange = { firstMs: 25, maxMs: 1500 };

/** Wait before try number `attempt` (from 0): doubled each time up to the maximum, times 0.75 to 1.25 of jitter. */
export function backoffMs(range: BackoffRange, attempt: number, random: { fraction(): number }): number {
  const base = Math.min(range.maxMs, range.firstMs * 2 ** Math.min(attempt, 20));
  return Math.round(base * (0.75 + random.fraction() / 2));
}
