import fc from 'fast-check';
import { nameKey } from '../../shared/names.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { roomBody } from '../../shared/room-body.ts';
import { createOperation, entryAt, type Operation } from './chat-log.ts';

/** Few names and few ids, so that operations meet: taken names, names taken anew, messages deleted twice. */
const NAMES = ['ana', 'Ana', 'bo', '__proto__', 'constructor'];
const ROOM_NAMES = ['#tea', '#Tea', '#__proto__'];
const REACTIONS = ['+1', 'tea'];
const small = fc.nat({ max: 11 });

/** `who`, `whom` and `what` are read against the log so far: its creations, its sessions, its messages, modulo their number. */
interface Choice {
  event: LogEntry['event'];
  who: number;
  whom: number;
  what: number;
}

const WEIGHTS: readonly [number, LogEntry['event']][] = [
  [8, 'account:create'],
  [4, 'account:delete'],
  [3, 'session:open'],
  [2, 'session:close'],
  [1, 'session:close-all'],
  [3, 'account:password'],
  [3, 'account:profile'],
  [2, 'account:block'],
  [1, 'account:unblock'],
  [18, 'message:send'],
  [6, 'message:edit'],
  [7, 'message:delete'],
  [6, 'message:react'],
  [3, 'message:unreact'],
  [3, 'message:received'],
  [3, 'conversation:read'],
  [5, 'room:create'],
  [6, 'room:join'],
  [3, 'room:leave'],
  [3, 'room:topic'],
  [2, 'room:remove'],
  [1, 'room:readmit'],
  [1, 'room:delete'],
  [1, 'cluster:view'],
  [3, 'cluster:compact'],
  [6, 'document:set'],
  [3, 'document:delete'],
];

const choice: fc.Arbitrary<Choice> = fc.record({
  event: fc.oneof(...WEIGHTS.map(([weight, event]) => ({ weight, arbitrary: fc.constant(event) }))),
  who: small,
  whom: small,
  what: small,
});

/** A log of operations, possible and impossible ones. */
export const randomLog: fc.Arbitrary<LogEntry[]> = fc
  .tuple(fc.boolean(), fc.array(choice, { minLength: 1, maxLength: 76, size: 'max' }))
  .map(([isPopulated, choices]) => toLog(isPopulated ? [...POPULATION, ...choices] : choices));

/** Somebody to begin with: most operations need accounts, and a room. */
const POPULATION: readonly Choice[] = [
  { event: 'account:create', who: 0, whom: 0, what: 0 },
  { event: 'account:create', who: 0, whom: 0, what: 2 },
  { event: 'room:create', who: 0, whom: 0, what: 0 },
  { event: 'room:join', who: 1, whom: 0, what: 0 },
];

/** What the log so far has brought, by op: whether it took effect or not. */
class SoFar {
  accounts: number[] = [];
  readonly sessions: number[] = [];
  readonly rooms: number[] = [];
  readonly messages: number[] = [];
  readonly #askedBy = new Map<string, string>();

  note({ event, op, account, id }: LogEntry): void {
    if (event === 'room:create') this.#askedBy.set(String(op), account);
    if (event === 'message:send') this.#askedBy.set(id, account);
    if (event === 'account:create') this.accounts.push(op);
    if (event === 'account:create' || event === 'session:open') this.sessions.push(op);
    if (event === 'room:create') this.rooms.push(op);
    if (event === 'message:send') this.messages.push(op);
    // Every other one is still asked for in vain afterwards.
    if (event === 'account:delete' && op % 2 === 0)
      this.accounts = this.accounts.filter((one) => String(one) !== account);
  }

  /** Who made a room, or sent a message, for three of four places; they may do most with it. */
  makerOf(what: string, place: number): LogEntry['account'] | undefined {
    return place % 4 === 0 ? undefined : (this.#askedBy.get(what) as LogEntry['account'] | undefined);
  }
}

function toLog(choices: readonly Choice[]): LogEntry[] {
  const soFar = new SoFar();
  const ids = new Map<number, string>();
  return choices.map((chosen, index) => {
    const op = index + 1;
    const entry = entryAt(op, toOperation(chosen, op, soFar, ids));
    soFar.note(entry);
    if (entry.id !== '') ids.set(op, entry.id);
    return entry;
  });
}

function pick(ops: readonly number[], place: number): string {
  return String(ops[place % ops.length] ?? 99);
}

/** Mostly one of the newest. */
function recent(ops: readonly number[], place: number): number {
  return ops[ops.length - 1 - (place % Math.max(1, Math.min(ops.length, 5)))] ?? 99;
}

function toOperation(chosen: Choice, op: number, soFar: SoFar, ids: ReadonlyMap<number, string>): Operation {
  const { event, who, whom, what } = chosen;
  const account = pick(soFar.accounts, who) as LogEntry['account'];
  const room = pick(soFar.rooms, what);
  const maker = soFar.makerOf(room, whom);
  // Half of them go to rooms.
  const end = whom % 2 === 0 && soFar.rooms.length > 0 ? pick(soFar.rooms, whom >> 1) : pick(soFar.accounts, whom >> 1);
  const message = what < 2 ? idOf(what) : (ids.get(recent(soFar.messages, what)) ?? idOf(op));
  switch (event) {
    case 'account:create':
      return createOperation(NAMES[what % NAMES.length]!);
    case 'account:password':
      return { event, account, subject: pick(soFar.sessions, what), body: `password ${op}` };
    case 'account:profile':
      return { event, account, body: what < 3 ? '' : `name ${op}` };
    case 'account:block':
    case 'account:unblock':
      return { event, account, subject: pick(soFar.accounts, whom) };
    case 'session:close':
      return { event, account, subject: pick(soFar.sessions, what) };
    case 'message:send': {
      // Ids repeat now and then, as they do when a client's request numbers were forgotten.
      const id = what < 2 ? idOf(what) : idOf(op);
      return { event, account, subject: what % 4 === 3 ? `${end} ${message}` : end, id, body: `text ${op}` };
    }
    case 'message:edit':
      return { event, account: soFar.makerOf(message, whom) ?? account, subject: message, body: `edit ${op}` };
    case 'message:delete':
      return { event, account: soFar.makerOf(message, whom) ?? account, subject: message };
    case 'message:react':
    case 'message:unreact':
      return { event, account, subject: message, body: REACTIONS[whom % REACTIONS.length]! };
    case 'message:received':
      return { event, body: `${account}=${Math.max(0, op + what - 8)} ${pick(soFar.accounts, whom)}=${what}` };
    case 'conversation:read':
      return { event, body: `${account}/${end}=${Math.max(0, op + what - 8)} ${account}/${room}=${what}` };
    case 'room:create': {
      const name = ROOM_NAMES[what % ROOM_NAMES.length]!;
      return { event, account, body: roomBody({ name, nameKey: nameKey(name), topic: what < 4 ? '' : `topic ${op}` }) };
    }
    case 'room:topic':
      return { event, account: maker ?? account, subject: room, body: what < 3 ? '' : `topic ${op}` };
    case 'room:remove':
    case 'room:readmit':
      return { event, account: maker ?? account, subject: `${room} ${pick(soFar.accounts, who)}` };
    case 'room:delete':
      return { event, account: maker ?? account, subject: room };
    case 'document:set':
      return { event, subject: keyOf(who), body: JSON.stringify({ text: `document ${op}` }) };
    case 'document:delete':
      return { event, subject: keyOf(who) };
    case 'room:join':
    case 'room:leave':
      return { event, account, subject: room };
    default:
      return { event, account };
  }
}

/** Of a few documents. */
export function keyOf(place: number): string {
  return `0000000${place % 4}-0000-4000-8000-000000000000`;
}

/** Ids as the servers make them, as they once did, and others. */
function idOf(op: number): string {
  const digits = Math.abs(op).toString(16);
  return [`m${op}`, digits.padStart(22, 'a'), digits.padStart(32, '0'), digits][Math.abs(op) % 4]!;
}
