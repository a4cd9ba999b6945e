import type { Random } from '../../shared/random.ts';
import type { Layout, Rates } from './rates.ts';

/** What goes wrong. The servers' processes, their network, their disks, their clocks, then the clients. */
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
  'cutPrimary',
  'partition',
  'resetLink',
  'refuse',
  'holdMessage',
  'mend',
  'strand',
  'outlive',
  'forsake',
  'deafen',
  'force',
  'failingDisk',
  'fullDisk',
  'hangingDisk',
  'emptyFolder',
  'loseRows',
  'oldFolder',
  'flippedBit',
  'wallJump',
  'cutClient',
  'resetClient',
  'stallClient',
  'pauseClient',
  'crashClient',
  'forget',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface PlannedFault {
  readonly number: number;
  readonly kind: FaultKind;
  readonly when:
    | { readonly type: 'at'; readonly atMs: number }
    /** At the n-th critical step that any server takes after the calm, from 0; or a little after it. */
    | { readonly type: 'critical-step'; readonly nth: number; readonly afterMs: number }
    /** So long after a round of trouble has begun; rounds are counted from 0. */
    | { readonly type: 'round'; readonly round: number; readonly afterMs: number }
    /** At the n-th step of view changes in a round, from 0; or a little after it. */
    | { readonly type: 'round-step'; readonly round: number; readonly nth: number; readonly afterMs: number };
  /** 0-based; at a critical step `here` is the server that takes it. Whoever is the primary then, else the first. */
  readonly server: number | 'here' | 'primary';
  /** Another server, 0-based among the others. */
  readonly other: number;
  /** 0-based. */
  readonly client: number;
  readonly durationMs: number;
  /** How long a process that ends stays away. */
  readonly awayMs: number;
  /** Whatever else there is to choose follows from it: 0 ≤ x < 1. */
  readonly choice: number;
}

/** Critical steps for which trouble is planned; there are seldom more in a run. */
const CRITICAL_STEPS = 300;
/** Steps of view changes in a round for which trouble is planned. */
const STEPS_IN_A_ROUND = 16;
const MORE_IN_A_ROUND = [0, 1, 1, 2, 3, 6];
const AT_CRITICAL_STEPS: readonly FaultKind[] = [
  'crash',
  'crash',
  'crash',
  'pause',
  'isolate',
  'cutOneWay',
  'cutPair',
  'resetLink',
  'holdMessage',
  'hangingDisk',
  'hangingDisk',
  'failingDisk',
  'mend',
];

/** Draws what will go wrong in a run: at any time and at critical steps, or in rounds. */
export function drawFaults(random: Random, rates: Rates, layout: Layout): PlannedFault[] {
  const faults: PlannedFault[] = [];
  const count = layout.servers + layout.witnesses;
  const add: AddFault = (kind, when, server) => {
    const [low, high] = rates.awayMs;
    faults.push({
      number: faults.length,
      kind,
      when,
      server,
      other: random.between(0, Math.max(1, count - 1)),
      client: random.between(0, layout.clients),
      durationMs: random.between(10, Math.round(rates.heartbeatTimeoutMs * random.pick([0.5, 4]))),
      awayMs: random.between(Math.round(low), Math.round(high) + 1),
      choice: random.fraction(),
    });
  };
  if (rates.rounds > 0) drawRounds(random, rates, layout, add);
  else drawAtAnyTime(random, rates, layout, add);
  return faults;
}

type AddFault = (kind: FaultKind, when: PlannedFault['when'], server: PlannedFault['server']) => void;

function drawAtAnyTime(random: Random, rates: Rates, layout: Layout, add: AddFault): void {
  const anyServer = () => random.between(0, layout.servers + layout.witnesses);
  const next = () => -Math.log(1 - random.fraction()) * rates.betweenFaultsMs;
  const endMs = rates.calmMs + rates.faultsMs;
  for (let atMs = rates.calmMs + next(); atMs < endMs; atMs += next()) {
    const kind = drawKind(random, rates.weights);
    if (kind) add(kind, { type: 'at', atMs }, anyServer());
  }
  for (let nth = 0; nth < CRITICAL_STEPS; nth++) {
    if (!random.chance(rates.atCriticalStep)) continue;
    const server = random.chance(0.7) ? 'here' : anyServer();
    add(random.pick(AT_CRITICAL_STEPS), { type: 'critical-step', nth, afterMs: aLittleAfter(random) }, server);
  }
}

/** Each round begins where there is a primary: with trouble for it, mostly; more follows while the others take over. */
function drawRounds(random: Random, rates: Rates, layout: Layout, add: AddFault): void {
  const anyServer = () => random.between(0, layout.servers + layout.witnesses);
  for (let round = 0; round < rates.rounds; round++) {
    const kind = drawKind(random, rates.weights);
    if (kind) add(kind, { type: 'round', round, afterMs: 0 }, random.chance(0.7) ? 'primary' : anyServer());
    for (let more = random.pick(MORE_IN_A_ROUND); more > 0; more--) {
      const next = drawKind(random, rates.weights);
      const afterMs = rates.roundMs * random.fraction();
      if (next) add(next, { type: 'round', round, afterMs }, random.chance(0.2) ? 'primary' : anyServer());
    }
    for (let nth = 0; nth < STEPS_IN_A_ROUND; nth++) {
      if (!random.chance(rates.atCriticalStep)) continue;
      const server = random.chance(0.6) ? 'here' : anyServer();
      const when = { type: 'round-step', round, nth, afterMs: aLittleAfter(random) } as const;
      const kind = random.chance(0.5) ? drawKind(random, rates.weights) : random.pick(AT_CRITICAL_STEPS);
      if (kind) add(kind, when, server);
    }
  }
}

/** At the very step, before what it does; while what it has sent is under way; or a little later. */
function aLittleAfter(random: Random): number {
  return random.pick([0, 0, 0.3, 5]) * random.fraction();
}

/** Draws a kind of fault by the weights; undefined when all are zero. */
function drawKind(random: Random, weights: Record<FaultKind, number>): FaultKind | undefined {
  const total = FAULT_KINDS.reduce((sum, kind) => sum + weights[kind], 0);
  let draw = random.fraction() * total;
  return FAULT_KINDS.find((kind) => {
    draw -= weights[kind];
    return draw < 0;
  });
}
