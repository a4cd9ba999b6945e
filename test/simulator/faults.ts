import type { Random } from '../../shared/random.ts';

/** How hostile a run is. Drawn from the seed, so that some runs are calm and some are bad in one way only. */
export interface FaultRates {
  /** Mean time between two faults, milliseconds. */
  betweenFaultsMs: number;
  /** Relative weights of the kinds of faults. */
  crash: number;
  crashAll: number;
  pause: number;
  cutPair: number;
  isolate: number;
  resetLink: number;
  emptyFolder: number;
  /** Network delay of one message: from, to, milliseconds. */
  delayMs: [number, number];
  /** Time of one disk write: from, to, milliseconds. */
  diskMs: [number, number];
  /** Chance that a disk write takes far longer. */
  slowDisk: number;
  /** How long a crashed process stays away: from, to, milliseconds. */
  awayMs: [number, number];
  /** Mean time between two requests, milliseconds. */
  betweenRequestsMs: number;
}

/** Draws the rates of one run. */
export function drawRates(random: Random): FaultRates {
  const some = (weight: number) => (random.chance(0.5) ? weight * random.fraction() : 0);
  const isCalm = random.chance(0.1);
  return {
    betweenFaultsMs: isCalm ? 1e9 : random.between(50, 4000),
    crash: some(4),
    crashAll: some(1),
    pause: some(2),
    cutPair: some(2),
    isolate: some(2),
    resetLink: some(2),
    emptyFolder: random.chance(0.15) ? random.fraction() : 0,
    delayMs: random.chance(0.7) ? [0.05, 1] : [0.05, random.between(5, 80)],
    diskMs: random.chance(0.7) ? [0.2, 2] : [0.2, random.between(5, 60)],
    slowDisk: random.chance(0.2) ? 0.01 : 0,
    awayMs: random.chance(0.5) ? [5, 400] : [50, 4000],
    betweenRequestsMs: random.between(1, 60),
  };
}
