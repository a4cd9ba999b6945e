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
  'mend',
  'strand',
  'outlive',
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
    | { readonly type: 'critical-step'; readonly nth: number; readonly afterMs: number };
  /** 0-based; at a critical step `here` is the server that takes it. */
  readonly server: number | 'here';
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
const AT_CRITICAL_STEPS: readonly FaultKind[] = [
  'crash',
  'crash',
  'crash',
  'pause',
  'isolate',
  'cutOneWay',
  'cutPair',
  'failingDisk',
  'mend',
];

/** Draws what will go wrong in a run, in the order of time; then what will go wrong at critical steps. */
export function drawFaults(random: Random, rates: Rates, layout: Layout): PlannedFault[] {
  const faults: PlannedFault[] = [];
  const add = (kind: FaultKind, when: PlannedFault['when'], server: PlannedFault['server']) => {
    const [low, high] = rates.awayMs;
    faults.push({
      number: faults.length,
      kind,
      when,
      server,
      other: random.between(0, Math.max(1, layout.servers - 1)),
      client: random.between(0, layout.clients),
      durationMs: random.between(10, Math.round(rates.heartbeatTimeoutMs * random.pick([0.5, 4]))),
      awayMs: random.between(Math.round(low), Math.round(high) + 1),
      choice: random.fraction(),
    });
  };
  const next = () => -Math.log(1 - random.fraction()) * rates.betweenFaultsMs;
  const endMs = rates.calmMs + rates.faultsMs;
  for (let atMs = rates.calmMs + next(); atMs < endMs; atMs += next()) {
    const kind = drawKind(random, rates.weights);
    if (kind) add(kind, { type: 'at', atMs }, random.between(0, layout.servers));
  }
  for (let nth = 0; nth < CRITICAL_STEPS; nth++) {
    if (!random.chance(rates.atCriticalStep)) continue;
    const afterMs = random.chance(0.6) ? 0 : 5 * random.fraction();
    const server = random.chance(0.7) ? 'here' : random.between(0, layout.servers);
    add(random.pick(AT_CRITICAL_STEPS), { type: 'critical-step', nth, afterMs }, server);
  }
  return faults;
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
