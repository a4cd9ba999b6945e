import { readAccountBody } from '../../../shared/account-body.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { CommittedHistory, type LoggedAccount, type LoggedMessage } from './committed-history.ts';

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

function remainsOf(
  entry: LogEntry,
  history: CommittedHistory,
  shown: ReadonlySet<LoggedAccount>,
  upTo: number,
): string {
  if (entry.event === 'message:send') {
    const message = history.messages.get(entry.id);
    const isThere = history.tookEffect(entry.op) && message!.deletedAtOp > upTo && isSeenAt(message!, upTo);
    return isThere ? entry.body : '';
  }
  if (entry.event !== 'account:create') return entry.body;
  const account = history.accounts.get(String(entry.op))!;
  if (account.deletedAtOp > upTo) return entry.body;
  const { username, nameKey } = readAccountBody(entry);
  return shown.has(account) ? JSON.stringify({ username, nameKey }) : '';
}

/** Accounts of which somebody can still see a message, or that one was deleted. */
function namesShownAt(history: CommittedHistory, upTo: number): Set<LoggedAccount> {
  const seen = [...history.messages.values()].filter((one) => one.position <= upTo && isSeenAt(one, upTo));
  return new Set(seen.flatMap(({ from, to }) => [from, to]));
}

function isSeenAt({ from, to }: LoggedMessage, upTo: number): boolean {
  return from.deletedAtOp > upTo || to.deletedAtOp > upTo;
}
