import { readAccountBody } from '../../../shared/account-body.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { CommittedHistory } from './committed-history.ts';
import { documentsIn } from './document-checker.ts';
import { goneAtOp, isRoom, type LoggedAccount, type LoggedMessage } from './logged.ts';

/** The log of one server, as it is on its disk. */
export interface StoredLog {
  server: string;
  entries: readonly LogEntry[];
}

/**
 * R27: once all servers have compacted up to an operation, each has removed what was deleted by then, and nothing else: worked out here once
 * more, from the history. So their files are equal, too.
 *
 * @param upTo the `cluster:compact` entry, which all of them have carried out
 * @returns null, or a sentence
 */
export function checkCompaction(
  committed: readonly LogEntry[],
  logs: readonly StoredLog[],
  upTo: number,
): string | null {
  const history = new CommittedHistory(committed);
  const refused = committed.find(({ op, event }) => event === 'account:create' && !history.tookEffect(op));
  if (refused) return `R27: op ${refused.op} creates an account whose name is taken`;
  const shown = namesShownAt(history, upTo);
  for (const entry of committed.slice(0, upTo)) {
    const expected = remainsOf(entry, history, shown, upTo);
    for (const { server, entries } of logs) {
      const { body } = entries[entry.op - 1]!;
      if (body === expected) continue;
      const has = `${server} has ${JSON.stringify(body)} at op ${entry.op}, a ${entry.event}`;
      return `R27: ${has}, and after the compaction ${upTo} it is to be ${JSON.stringify(expected)}`;
    }
  }
  return null;
}

/** What of the body is still shown, or still needed. */
function remainsOf(
  entry: LogEntry,
  history: CommittedHistory,
  shown: ReadonlySet<LoggedAccount>,
  upTo: number,
): string {
  switch (entry.event) {
    case 'message:send':
    case 'message:edit': {
      const message = history.messages.get(entry.event === 'message:send' ? entry.id : entry.subject);
      const isShown =
        history.tookEffect(entry.op) && goneAtOp(message!) > upTo && message!.text.nextAfter(entry.op) > upTo;
      return isShown ? entry.body : '';
    }
    case 'message:react':
    case 'message:unreact':
      return history.tookEffect(entry.op) && isReactionKept(entry, history, upTo) ? entry.body : '';
    case 'account:create':
      return remainsOfAccount(entry, history, shown, upTo);
    case 'account:password':
      return isPassword(entry, history, upTo) ? entry.body : '';
    case 'account:profile': {
      const account = history.accounts.get(entry.account)!;
      const isShown = account.deletedAtOp > upTo && account.displayName.nextAfter(entry.op) > upTo;
      return history.tookEffect(entry.op) && isShown ? entry.body : '';
    }
    case 'room:create':
      return remainsOfRoom(entry, history, upTo);
    case 'room:topic': {
      const room = history.rooms.get(entry.subject);
      const isShown = room !== undefined && room.endedAtOp > upTo && room.topic.nextAfter(entry.op) > upTo;
      return history.tookEffect(entry.op) && isShown ? entry.body : '';
    }
    case 'document:set':
      return documentsIn(history).get(entry.subject)!.nextAfter(entry.op) > upTo ? entry.body : '';
    default:
      return entry.body;
  }
}

function remainsOfAccount(
  entry: LogEntry,
  history: CommittedHistory,
  shown: ReadonlySet<LoggedAccount>,
  upTo: number,
): string {
  const account = history.accounts.get(String(entry.op))!;
  const { username, nameKey } = readAccountBody(entry);
  const withoutPassword = JSON.stringify({ username, nameKey });
  if (account.deletedAtOp > upTo)
    return passwordOps(account, history).some((op) => op <= upTo) ? withoutPassword : entry.body;
  return shown.has(account) ? withoutPassword : '';
}

function passwordOps(account: LoggedAccount, history: CommittedHistory): number[] {
  return history.entries
    .filter(({ op, event, account: by }) => event === 'account:password' && by === account.id && history.tookEffect(op))
    .map(({ op }) => op);
}

function isPassword({ op, account: id }: LogEntry, history: CommittedHistory, upTo: number): boolean {
  const account = history.accounts.get(id)!;
  const last = passwordOps(account, history).findLast((one) => one <= upTo);
  return account.deletedAtOp > upTo && last === op;
}

/** Without the topic once that was changed. */
function remainsOfRoom({ op, body }: LogEntry, history: CommittedHistory, upTo: number): string {
  const room = history.rooms.get(String(op));
  if (!room || room.endedAtOp <= upTo) return '';
  const { name, nameKey } = JSON.parse(body) as { name: string; nameKey: string };
  return room.topic.nextAfter(op) > upTo ? body : JSON.stringify({ name, nameKey });
}

/** As long as the message is there, and whoever gave the reaction or took it back. */
function isReactionKept({ account, subject }: LogEntry, history: CommittedHistory, upTo: number): boolean {
  return goneAtOp(history.messages.get(subject)!) > upTo && history.accounts.get(account)!.deletedAtOp > upTo;
}

/** Accounts of which somebody can still see a message, or that one was deleted. */
function namesShownAt(history: CommittedHistory, upTo: number): Set<LoggedAccount> {
  const seen = [...history.messages.values()].filter((one) => one.position <= upTo && isSeenAt(one, upTo));
  return new Set(seen.flatMap(({ from, to }) => (isRoom(to) ? [from] : [from, to])));
}

function isSeenAt({ from, to }: LoggedMessage, upTo: number): boolean {
  return isRoom(to) ? to.endedAtOp > upTo : from.deletedAtOp > upTo || to.deletedAtOp > upTo;
}
