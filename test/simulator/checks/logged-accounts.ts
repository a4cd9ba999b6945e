import { readAccountBody } from '../../../shared/account-body.ts';
import { nameKey } from '../../../shared/names.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { isPresentAt, type LoggedAccount, type LoggedSpan } from './logged.ts';
import { Timeline } from './timeline.ts';

/** What the log means for accounts and their log-ins. Each method says whether the operation took effect. */
export class LoggedAccounts {
  readonly byId = new Map<string, LoggedAccount>();
  readonly #byKey = new Map<string, LoggedAccount[]>();

  /** Accounts that ever had a name with this key, in the order of their creation; at most one is present at a time. */
  with(key: string): readonly LoggedAccount[] {
    return this.#byKey.get(key) ?? [];
  }

  present(id: string, op: number): LoggedAccount | undefined {
    const account = this.byId.get(id);
    return account !== undefined && isPresentAt(account, op) ? account : undefined;
  }

  create(entry: LogEntry): boolean {
    const { username, passwordHash } = readAccountBody(entry);
    const key = nameKey(username);
    if (this.with(key).some((account) => isPresentAt(account, entry.op - 1))) return false;
    const account: LoggedAccount = {
      id: String(entry.op),
      key,
      username,
      createdAtOp: entry.op,
      deletedAtOp: Number.POSITIVE_INFINITY,
      received: 0,
      displayName: new Timeline(entry.op, ''),
      passwordHash: new Timeline(entry.op, passwordHash),
      blocks: [],
      logIns: [],
      marks: new Map(),
    };
    this.byId.set(account.id, account);
    this.#byKey.set(key, [...this.with(key), account]);
    open(account, entry.op);
    return true;
  }

  delete(account: LoggedAccount, op: number): boolean {
    account.deletedAtOp = op;
    endLogIns(account, op, () => true);
    endSpans(account.blocks, op, () => true);
    for (const other of this.byId.values()) endSpans(other.blocks, op, (span) => span.account === account);
    return true;
  }

  openSession(account: LoggedAccount, op: number): boolean {
    open(account, op);
    return true;
  }

  closeSession(account: LoggedAccount, { op, subject }: LogEntry): boolean {
    return endLogIns(account, op, ({ session }) => session === subject) > 0;
  }

  closeAll(account: LoggedAccount, op: number): boolean {
    endLogIns(account, op, () => true);
    return true;
  }

  /** Over a log-in that has ended by then nothing is changed. */
  changePassword(account: LoggedAccount, { op, subject, body }: LogEntry): boolean {
    const isOpen = account.logIns.some(({ session, endedAtOp }) => session === subject && endedAtOp > op);
    if (!isOpen) return false;
    endLogIns(account, op, ({ session }) => session !== subject);
    account.passwordHash.set(op, body);
    return true;
  }

  setProfile(account: LoggedAccount, { op, body }: LogEntry): boolean {
    account.displayName.set(op, body);
    return true;
  }

  block(account: LoggedAccount, { op, subject }: LogEntry): boolean {
    const other = this.present(subject, op);
    if (!other) return false;
    const isBlocked = account.blocks.some((span) => span.account === other && span.untilOp > op);
    if (!isBlocked) account.blocks.push({ account: other, fromOp: op, untilOp: Number.POSITIVE_INFINITY });
    return true;
  }

  unblock(account: LoggedAccount, { op, subject }: LogEntry): boolean {
    const other = this.present(subject, op);
    if (other) endSpans(account.blocks, op, (span) => span.account === other);
    return other !== undefined;
  }

  noteReceived({ body }: LogEntry): void {
    for (const [id, position] of pairsOf(body)) {
      const account = this.byId.get(id);
      if (account) account.received = Math.max(account.received, position);
    }
  }
}

/** `KEY=POSITION`, space-separated. */
export function pairsOf(body: string): [key: string, position: number][] {
  return body.split(' ').map((pair) => {
    const [key = '', position = '0'] = pair.split('=');
    return [key, Number(position)];
  });
}

export function endSpans(spans: readonly LoggedSpan[], op: number, isMeant: (span: LoggedSpan) => boolean): number {
  const ending = spans.filter((span) => span.untilOp > op && isMeant(span));
  for (const span of ending) span.untilOp = op;
  return ending.length;
}

function open(account: LoggedAccount, op: number): void {
  account.logIns.push({ session: String(op), openedAtOp: op, endedAtOp: Number.POSITIVE_INFINITY });
}

function endLogIns(
  account: LoggedAccount,
  op: number,
  isMeant: (logIn: LoggedAccount['logIns'][number]) => boolean,
): number {
  const ending = account.logIns.filter((logIn) => logIn.endedAtOp > op && isMeant(logIn));
  for (const logIn of ending) logIn.endedAtOp = op;
  return ending.length;
}
