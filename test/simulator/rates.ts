import type { Random } from '../../shared/random.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { OPERATION_KINDS, type OperationKind } from './operations.ts';

/** How many servers and clients there are. */
export interface Layout {
  /** Replicas, spares included. */
  servers: number;
  replicationFactor: number;
  witnesses: 0 | 2;
  clients: number;
  /** Clients share accounts when there are fewer of these. */
  accounts: number;
  /** The share of clients that spread what they ask for over all servers, where that is not to be drawn. */
  spread?: number;
}

/** From, to; milliseconds. */
export type Range = readonly [low: number, high: number];

/** How hostile a run is. Drawn from the seed, so that some runs are calm and some are bad in one way only. */
export interface Rates {
  /** Before the first fault. */
  calmMs: number;
  /** Then there are faults for so long. */
  faultsMs: number;
  /** 0: faults at any time. Else so many rounds of trouble, each begun when the servers have got over the one before. */
  rounds: number;
  /** How long a round lasts, at least. */
  roundMs: number;
  /** E, and what goes with it. */
  heartbeatTimeoutMs: number;
  heartbeatIntervalMs: number;
  tickMs: number;
  /** Mean time between two faults, milliseconds. */
  betweenFaultsMs: number;
  weights: Record<FaultKind, number>;
  /** Chance of trouble (a crash, a pause, a cut) at each critical step, such as those of a view change. */
  atCriticalStep: number;
  /** Delay of one message between servers, and between a client and a server. */
  peerDelayMs: Range;
  clientDelayMs: Range;
  /** So much longer at most a message takes on some ways between servers, each way of its own; 0: nowhere. */
  longWayMs: number;
  /** How long the next in line waits for each that comes before it (R7). */
  rankDelayMs: number;
  /** Time of one disk write. */
  diskMs: Range;
  /** Chance that a disk write takes far longer. */
  slowDisk: number;
  /** How long a crashed process stays away. */
  awayMs: Range;
  /** Mean time between two operations of clients. */
  betweenOperationsMs: number;
  /** How many times as many reads as usual; log-ins, log-outs, deletions of accounts. */
  readShare: number;
  accountShare: number;
  /** Likewise what is done in and with rooms. */
  roomShare: number;
  /** How many rooms there may be at a time. */
  rooms: number;
  /** What is done far more often than usual. */
  manyOf: OperationKind | null;
  /** Largest deviation of a server's clock, as a fraction (A3). */
  clockDrift: number;
  /** A4: whether a refused connect proves a death. */
  trustRefused: boolean;
  /** Chance that what was under way on a connection that broke arrives nevertheless, late. */
  lateMessages: number;
  /** The rows and digests of the real log; costs time, so most runs have cheaper ones that are chained as well. */
  realRows: boolean;
  snapshotIntervalOperations: number;
  /** What is deleted is removed from the files after so long at the latest (R27). */
  compactionIntervalMs: number;
  /** Rows of the log that a replica keeps in memory. */
  logTailEntries: number;
  /** The largest piece of the log in one message, in UTF-16 code units. */
  logPieceLength: number;
  /** Whether it is noted which states of the rules are reached; changes nothing else. */
  isWatchedClosely: boolean;
  /** What breaks for good at the end, when all is well again: servers fall silent, or two of them lose touch. */
  lastingFault: 'silence' | 'pair' | 'one way' | null;
  /** An operator may force a server to go on alone (R20), and folders are lost that hold the last of something. */
  mayForce: boolean;
  /** Bytes that may wait for a client that does not read. */
  unreadBytesMax: number;
  /** Share of the clients that read at backups. */
  spreadReads: number;
  /** Share of the clients that take any server for their requests. */
  spread: number;
}

/** Draws the rates of one run: most are short, and what is rare is frequent in some of them. */
export function drawRates(random: Random): Rates {
  const isCalm = random.chance(0.03);
  const isLong = random.chance(0.03);
  const heartbeatTimeoutMs = random.pick([300, 400, 600, 1000, 1500]);
  const rounds = !isCalm && random.chance(0.5) ? random.between(1, 5) : 0;
  const roundMs = Math.round(heartbeatTimeoutMs * random.pick([0.5, 1.5, 3]));
  const mayForce = !isCalm && random.chance(0.04);
  const weights = rounds > 0 ? drawWeightsOfRounds(random) : drawWeights(random);
  return {
    calmMs: random.between(250, 900),
    faultsMs:
      (mayForce ? 6 * heartbeatTimeoutMs : 0) +
      (rounds > 0
        ? rounds * (roundMs + 4 * heartbeatTimeoutMs)
        : isLong
          ? random.between(6000, 15_000)
          : random.between(600, 3000)),
    rounds,
    roundMs,
    heartbeatTimeoutMs,
    heartbeatIntervalMs: Math.round(heartbeatTimeoutMs / random.pick([3.5, 5, 8])),
    tickMs: random.pick([20, 25, heartbeatTimeoutMs >= 1000 ? 50 : 30]),
    betweenFaultsMs: isCalm ? 1e9 : random.between(40, random.pick([300, 2500])),
    weights: mayForce ? { ...weights, ...WEIGHTS_WITH_FORCE } : weights,
    atCriticalStep: !isCalm && random.chance(0.6) ? 0.25 * random.fraction() : 0,
    // Time-outs are made for delays that are far shorter.
    peerDelayMs: random.chance(0.7) ? [0.05, 1] : [0.05, (heartbeatTimeoutMs / 20) * random.fraction()],
    // There and back and two writes have to fit into a third of E, after which an attempt is given up.
    longWayMs: random.chance(0.3) ? (heartbeatTimeoutMs / 20) * random.fraction() : 0,
    // Shorter ones bring candidates together.
    rankDelayMs: random.chance(0.6) ? Math.round(heartbeatTimeoutMs / 7.5) : random.between(1, 10),
    clientDelayMs: random.chance(0.7) ? [0.1, 2] : [0.1, random.between(5, 150)],
    diskMs: random.chance(0.7) ? [0.2, 2] : [0.2, (heartbeatTimeoutMs / 25) * random.fraction()],
    slowDisk: random.chance(0.2) ? 0.01 : 0,
    awayMs: drawAway(random, heartbeatTimeoutMs),
    betweenOperationsMs: random.chance(0.15) ? random.between(4, 15) : random.between(15, 150),
    readShare: random.pick([1, 1, 1, 5]),
    accountShare: random.pick([1, 1, 1, 8]),
    roomShare: random.pick([0, 1, 1, 4, 10]),
    rooms: random.pick([1, 1, 2, 3]),
    manyOf: random.chance(0.15) ? random.pick(OPERATION_KINDS) : null,
    clockDrift: random.chance(0.5) ? random.pick([0.01, 0.024]) : 0,
    trustRefused: random.chance(0.85),
    lateMessages: random.chance(0.5) ? random.pick([random.fraction(), 1]) : 0,
    realRows: random.chance(0.1),
    snapshotIntervalOperations: random.chance(0.6) ? random.between(5, 80) : 100_000,
    logTailEntries: random.chance(0.4) ? random.between(5, 60) : 5000,
    logPieceLength: random.chance(0.3) ? random.between(200, 4000) : 512 * 1024,
    isWatchedClosely: random.chance(0.15),
    lastingFault: random.chance(0.15) ? random.pick(['silence', 'pair', 'one way']) : null,
    mayForce,
    unreadBytesMax: random.chance(0.1) ? random.between(70_000, 200_000) : 16 * 1024 * 1024,
    compactionIntervalMs: random.chance(0.4) ? random.between(50, 1500) : 3_600_000,
    spreadReads: random.chance(0.3) ? random.pick([0.5, 1]) : 0,
    spread: random.chance(0.4) ? random.pick([0.5, 1]) : 0,
  };
}

function drawAway(random: Random, heartbeatTimeoutMs: number): Range {
  const ranges: Range[] = [
    [5, heartbeatTimeoutMs / 2],
    [5, heartbeatTimeoutMs / 2],
    [50, 3 * heartbeatTimeoutMs],
    [heartbeatTimeoutMs, 8 * heartbeatTimeoutMs],
  ];
  return random.pick(ranges);
}

/** About half of the kinds do not occur in a run, and in some runs only one does. */
function drawWeights(random: Random): Record<FaultKind, number> {
  const only = random.chance(0.1) ? random.pick(USUAL_KINDS) : undefined;
  const weights = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  for (const kind of USUAL_KINDS) {
    const weight = random.chance(0.5) ? (HIGHEST_WEIGHTS[kind] ?? 1) * random.fraction() : 0;
    weights[kind] = only === undefined ? weight : only === kind ? 1 : 0;
  }
  return weights;
}

/** A few kinds only, so that they meet. */
function drawWeightsOfRounds(random: Random): Record<FaultKind, number> {
  const weights = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const usual = random.chance(0.25) ? KINDS_AROUND_CLIENTS : KINDS_OF_VIEW_CHANGES;
  for (let kinds = random.pick([1, 2, 3, 4]); kinds > 0; kinds--) {
    const kind = random.chance(0.8) ? random.pick(usual) : random.pick(USUAL_KINDS);
    weights[kind] = 0.2 + random.fraction();
  }
  return weights;
}

/** What a force may lose is lost for good, so it has runs of its own. */
const USUAL_KINDS = FAULT_KINDS.filter((kind) => kind !== 'force');
const WEIGHTS_WITH_FORCE: Partial<Record<FaultKind, number>> = {
  force: 0.6,
  crash: 1,
  crashAll: 0.6,
  emptyFolder: 0.6,
};

/** Clients move, and send again. */
const KINDS_AROUND_CLIENTS: readonly FaultKind[] = [
  'resetClient',
  'resetClient',
  'stallClient',
  'cutClient',
  'cutClient',
  'pauseClient',
  'crashClient',
  'crash',
  'cutPrimary',
  'leave',
  'partition',
  'hangingDisk',
];

const KINDS_OF_VIEW_CHANGES: readonly FaultKind[] = [
  'crash',
  'crash',
  'crashTwo',
  'pause',
  'sleep',
  'cutPair',
  'cutOneWay',
  'isolate',
  'cutPrimary',
  'partition',
  'resetLink',
  'holdMessage',
  'holdMessage',
  'strand',
  'outlive',
  'forsake',
  'deafen',
  'hangingDisk',
  'leave',
  'oldFolder',
];

const HIGHEST_WEIGHTS: Partial<Record<FaultKind, number>> = {
  crash: 4,
  crashTwo: 2,
  pause: 2,
  sleep: 2,
  cutPair: 2,
  cutOneWay: 2,
  isolate: 2,
  resetLink: 2,
  holdMessage: 2,
  resetClient: 2,
  emptyFolder: 0.4,
  loseRows: 0.4,
  oldFolder: 1,
  flippedBit: 0.4,
  forget: 0.3,
};

/** Mostly three servers; now and then a spare, five, or two. */
export function drawLayout(random: Random): Layout {
  const [servers, replicationFactor] = random.pick(SERVERS);
  const clients = random.between(1, 5);
  const witnesses = random.chance(0.2) ? 2 : 0;
  return { servers, replicationFactor, witnesses, clients, accounts: random.between(1, clients + 1) };
}

const SERVERS: readonly (readonly [servers: number, replicationFactor: number])[] = [
  ...Array<[number, number]>(15).fill([3, 3]),
  ...Array<[number, number]>(3).fill([4, 3]),
  [5, 5],
  [2, 2],
];
