import type { Random } from '../../shared/random.ts';
import type { Layout, Rates } from './rates.ts';

/** What a client's user may do. */
export const OPERATION_KINDS = [
  'send',
  'burst',
  'sendToNobody',
  'sendToRoom',
  'reply',
  'edit',
  'delete',
  'react',
  'unreact',
  'history',
  'message',
  'search',
  'list',
  'conversations',
  'rooms',
  'members',
  'settings',
  'received',
  'markRead',
  'typing',
  'createRoom',
  'joinRoom',
  'leaveRoom',
  'deleteRoom',
  'topic',
  'removeMember',
  'readmitMember',
  'profile',
  'block',
  'unblock',
  'logOut',
  'logIn',
  'logOutEverywhere',
  'changePassword',
  'deleteAccount',
  'wrongPassword',
  'setDocument',
  'getDocument',
  'deleteDocument',
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
  send: 45,
  burst: 4,
  sendToNobody: 3,
  sendToRoom: 25,
  reply: 4,
  edit: 8,
  delete: 8,
  react: 8,
  unreact: 4,
  history: 12,
  message: 2,
  search: 2,
  list: 4,
  conversations: 4,
  rooms: 2,
  members: 2,
  settings: 2,
  received: 6,
  markRead: 8,
  typing: 2,
  createRoom: 3,
  joinRoom: 8,
  leaveRoom: 2.5,
  deleteRoom: 0.6,
  topic: 2,
  removeMember: 4,
  readmitMember: 1,
  profile: 1.5,
  block: 1,
  unblock: 1.6,
  logOut: 2,
  logIn: 4,
  logOutEverywhere: 0.4,
  changePassword: 0.8,
  deleteAccount: 0.4,
  wrongPassword: 0.6,
  setDocument: 7,
  getDocument: 7,
  deleteDocument: 3,
};

const READS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'history',
  'message',
  'search',
  'list',
  'conversations',
  'rooms',
  'members',
  'settings',
  'getDocument',
]);
const OF_ACCOUNTS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'profile',
  'block',
  'unblock',
  'logOut',
  'logIn',
  'logOutEverywhere',
  'changePassword',
  'deleteAccount',
  'wrongPassword',
]);
const OF_ROOMS: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'sendToRoom',
  'createRoom',
  'joinRoom',
  'leaveRoom',
  'deleteRoom',
  'topic',
  'removeMember',
  'readmitMember',
]);
/** In runs with many of one kind. */
const MANY_WEIGHT = 80;

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

function drawKind(random: Random, { readShare, accountShare, roomShare, manyOf }: Rates): OperationKind {
  const shareOf = (kind: OperationKind) =>
    READS.has(kind) ? readShare : OF_ACCOUNTS.has(kind) ? accountShare : OF_ROOMS.has(kind) ? roomShare : 1;
  const weightOf = (kind: OperationKind) => WEIGHTS[kind] * shareOf(kind) + (kind === manyOf ? MANY_WEIGHT : 0);
  const total = OPERATION_KINDS.reduce((sum, kind) => sum + weightOf(kind), 0);
  let draw = random.fraction() * total;
  const drawn = OPERATION_KINDS.find((kind) => {
    draw -= weightOf(kind);
    return draw < 0;
  });
  return drawn ?? 'send';
}

/** A page of history: on from somewhere, back from somewhere, or the newest; now and then of one conversation only. @param names of accounts and rooms */
export function historyAsk(
  choice: number,
  lastPosition: number,
  names: readonly string[],
): { after?: number; before?: number; with?: string; limit: number } {
  const position = Math.floor(choice * 1000) % (lastPosition + 1);
  const bound = choice < 0.4 ? { after: position } : choice < 0.7 ? { before: position + 1 } : {};
  const isWithOne = Math.floor(choice * 100) % 4 === 0;
  const other = isWithOne ? { with: names[Math.floor(choice * names.length)]! } : {};
  return { ...bound, ...other, limit: 1 + (Math.floor(choice * 997) % 60) };
}
