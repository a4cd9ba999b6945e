import type { Random } from '../../shared/random.ts';

export const FAULT_KINDS = [
  'crash',
  'crashTwo',
  'crashAll',
  'leave',
  'pause',
  'sleep',
  'cutPair',
  'cutOneWay',
  'isolate',
  'resetLink',
  'emptyFolder',
  'loseRows',
  'mend',
  'strand',
  'outlive',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** How many servers there are, and how many of them a view lists. */
export interface Layout {
  servers: number;
  replicationFactor: number;
}

/** How hostile a run is. Drawn from the seed, so that some runs are calm and some are bad in one way only. */
export interface FaultRates {
  /** Mean time between two faults, milliseconds. */
  betweenFaultsMs: number;
  weights: Record<FaultKind, number>;
  /** Chance of trouble (a crash, a pause, a cut) at each step of a view change. */
  atViewChange: number;
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
  /** Largest deviation of a server's clock, as a fraction (A3). */
  clockDrift: number;
  /** A4: whether a refused connect proves a death. */
  trustRefused: boolean;
}

/** Draws the rates of one run. */
export function drawRates(random: Random): FaultRates {
  const some = (weight: number) => (random.chance(0.5) ? weight * random.fraction() : 0);
  const isCalm = random.chance(0.05);
  return {
    betweenFaultsMs: isCalm ? 1e9 : random.between(50, 4000),
    weights: {
      crash: some(4),
      crashTwo: some(2),
      crashAll: some(1),
      leave: some(1),
      pause: some(2),
      sleep: some(2),
      cutPair: some(2),
      cutOneWay: some(2),
      isolate: some(2),
      resetLink: some(2),
      emptyFolder: random.chance(0.15) ? random.fraction() : 0,
      loseRows: random.chance(0.15) ? random.fraction() : 0,
      mend: some(1),
      strand: some(1),
      outlive: some(1),
    },
    atViewChange: !isCalm && random.chance(0.7) ? 0.3 * random.fraction() : 0,
    delayMs: random.chance(0.7) ? [0.05, 1] : [0.05, random.between(5, 80)],
    diskMs: random.chance(0.7) ? [0.2, 2] : [0.2, random.between(5, 60)],
    slowDisk: random.chance(0.2) ? 0.01 : 0,
    awayMs: random.chance(0.5) ? [5, 400] : [50, 4000],
    betweenRequestsMs: random.between(1, 60),
    clockDrift: random.chance(0.5) ? 0.01 : 0,
    trustRefused: random.chance(0.85),
  };
}

/** Mostly three servers; now and then a spare, five, or two. */
export function drawLayout(random: Random): Layout {
  const draw = random.fraction();
  if (draw < 0.75) return { servers: 3, replicationFactor: 3 };
  if (draw < 0.9) return { servers: 4, replicationFactor: 3 };
  if (draw < 0.95) return { servers: 5, replicationFactor: 5 };
  return { servers: 2, replicationFactor: 2 };
}

/** Draws a kind of fault by the weights; undefined when all are zero. */
export function drawFault(random: Random, weights: Record<FaultKind, number>): FaultKind | undefined {
  const total = FAULT_KINDS.reduce((sum, kind) => sum + weights[kind], 0);
  let draw = random.fraction() * total;
  return FAULT_KINDS.find((kind) => {
    draw -= weights[kind];
    return draw < 0;
  });
}
