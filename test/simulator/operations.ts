import type { Random } from '../../shared/random.ts';
import type { Layout, Rates } from './rates.ts';

/** What a client's user may do. */
export const OPERATION_KINDS = [
  'send',
  'burst',
  'sendToNobody',
  'delete',
  'history',
  'list',
  'received',
  'logOut',
  'logIn',
  'deleteAccount',
  'wrongPassword',
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Something that a user does at a client, if the client runs by then and the thing is possible. */
export interface PlannedOperation {
  readonly number: number;
  readonly atMs: number;
  /** 0-based. */
  readonly client: number;
  readonly kind: OperationKind;
  /** Whatever else there is to choose (to whom, which message, which page) follows from it: 0 ≤ x < 1. */
  readonly choice: number;
}

const WEIGHTS: Record<OperationKind, number> = {
  send: 60,
  burst: 4,
  sendToNobody: 4,
  delete: 8,
  history: 12,
  list: 5,
  received: 6,
  logOut: 2,
  logIn: 3,
  deleteAccount: 0.4,
  wrongPassword: 0.6,
};

const READS: ReadonlySet<OperationKind> = new Set<OperationKind>(['history', 'list']);
const OF_ACCOUNTS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'logOut',
  'logIn',
  'deleteAccount',
  'wrongPassword',
]);

/** One after the other, at random intervals, until the faults end. */
export function drawOperations(random: Random, rates: Rates, layout: Layout): PlannedOperation[] {
  const operations: PlannedOperation[] = [];
  const endMs = rates.calmMs + rates.faultsMs;
  for (let atMs = 100 * random.fraction(); atMs < endMs; ) {
    operations.push({
      number: operations.length,
      atMs,
      client: random.between(0, layout.clients),
      kind: drawKind(random, rates),
      choice: random.fraction(),
    });
    atMs += -Math.log(1 - random.fraction()) * rates.betweenOperationsMs;
  }
  return operations;
}

function drawKind(random: Random, { readShare, accountShare }: Rates): OperationKind {
  const weightOf = (kind: OperationKind) =>
    WEIGHTS[kind] * (READS.has(kind) ? readShare : OF_ACCOUNTS.has(kind) ? accountShare : 1);
  const total = OPERATION_KINDS.reduce((sum, kind) => sum + weightOf(kind), 0);
  let draw = random.fraction() * total;
  const drawn = OPERATION_KINDS.find((kind) => {
    draw -= weightOf(kind);
    return draw < 0;
  });
  return drawn ?? 'send';
}

/** A page of history: on from somewhere, back from somewhere, or the newest; now and then with one other account only. */
export function historyAsk(
  choice: number,
  lastPosition: number,
  accounts: readonly string[],
): { after?: number; before?: number; with?: string; limit: number } {
  const position = Math.floor(choice * 1000) % (lastPosition + 1);
  const bound = choice < 0.4 ? { after: position } : choice < 0.7 ? { before: position + 1 } : {};
  const isWithOne = Math.floor(choice * 100) % 4 === 0;
  const other = isWithOne ? { with: accounts[Math.floor(choice * accounts.length)]! } : {};
  return { ...bound, ...other, limit: 1 + (Math.floor(choice * 997) % 60) };
}
