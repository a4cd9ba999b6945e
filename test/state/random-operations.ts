import fc from 'fast-check';
import type { AccountId } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import { createOperation, entryAt, type Operation } from './chat-log.ts';

/** Few names and few ids, so that operations meet: taken names, names taken anew, messages deleted twice. */
const NAMES = ['ana', 'Ana', 'bo', '__proto__', 'constructor'];
const small = fc.nat({ max: 11 });

/** `who`, `whom` and `what` are read against the log so far: its creations, its sessions, its messages, modulo their number. */
interface Choice {
  event: LogEntry['event'];
  who: number;
  whom: number;
  what: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  event: fc.oneof(
    { weight: 4, arbitrary: fc.constant('account:create' as const) },
    { weight: 2, arbitrary: fc.constant('account:delete' as const) },
    { weight: 2, arbitrary: fc.constant('session:open' as const) },
    { weight: 1, arbitrary: fc.constant('session:close' as const) },
    { weight: 9, arbitrary: fc.constant('message:send' as const) },
    { weight: 4, arbitrary: fc.constant('message:delete' as const) },
    { weight: 2, arbitrary: fc.constant('message:received' as const) },
    { weight: 1, arbitrary: fc.constant('cluster:view' as const) },
    { weight: 1, arbitrary: fc.constant('cluster:compact' as const) },
  ),
  who: small,
  whom: small,
  what: small,
});

/** A log of operations, possible and impossible ones. */
export const randomLog: fc.Arbitrary<LogEntry[]> = fc
  .array(choice, { minLength: 1, maxLength: 80, size: 'max' })
  .map((choices) => toLog(choices));

function toLog(choices: readonly Choice[]): LogEntry[] {
  const created: number[] = [];
  const opened: number[] = [];
  return choices.map((chosen, index) => {
    const op = index + 1;
    const operation = toOperation(chosen, op, created, opened);
    if (chosen.event === 'account:create') created.push(op);
    if (chosen.event === 'account:create' || chosen.event === 'session:open') opened.push(op);
    return entryAt(op, operation);
  });
}

function toOperation(chosen: Choice, op: number, created: number[], opened: number[]): Operation {
  const { event, who, whom, what } = chosen;
  const pick = (ops: number[], place: number): AccountId => String(ops[place % ops.length] ?? 99) as AccountId;
  const account = pick(created, who);
  switch (event) {
    case 'account:create':
      return createOperation(NAMES[what % NAMES.length]!);
    case 'session:close':
      return { event, account, subject: pick(opened, what) };
    case 'message:send':
      // Ids repeat now and then, as they do when a client's request numbers were forgotten.
      return { event, account, subject: pick(created, whom), id: what < 2 ? idOf(what) : idOf(op), body: `text ${op}` };
    case 'message:delete':
      return { event, account, subject: what < 2 ? idOf(what) : idOf(op - what) };
    case 'message:received':
      return { event, body: `${account}=${Math.max(0, op + what - 8)} ${pick(created, whom)}=${what}` };
    default:
      return { event, account };
  }
}

/** Ids as the servers make them, as they once did, and others. */
function idOf(op: number): string {
  const digits = Math.abs(op).toString(16);
  return [`m${op}`, digits.padStart(22, 'a'), digits.padStart(32, '0'), digits][Math.abs(op) % 4]!;
}
