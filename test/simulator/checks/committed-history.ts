import { readAccountBody } from '../../../shared/account-body.ts';
import { nameKey } from '../../../shared/names.ts';
import type { LogEntry, LogEvent } from '../../../shared/operations.ts';

/** An account as the log tells of it; a name taken anew is another account. */
export interface LoggedAccount {
  /** Op number of its creation, as text. */
  readonly id: string;
  readonly key: string;
  readonly username: string;
  readonly createdAtOp: number;
  /** Infinity while it is present. */
  deletedAtOp: number;
  /** The highest position that some `message:received` of the log names for it. */
  received: number;
}

/** A message as the log tells of it. */
export interface LoggedMessage {
  readonly id: string;
  readonly position: number;
  readonly at: number;
  readonly from: LoggedAccount;
  readonly to: LoggedAccount;
  readonly body: string;
  /** Infinity while it is there. */
  deletedAtOp: number;
}

/** What has a position and concerns an account: that a message was sent, or that it was deleted. */
export interface LoggedItem {
  readonly position: number;
  readonly message: LoggedMessage;
  readonly isDeletion: boolean;
}

export interface ExpectedPage {
  messages: LoggedMessage[];
  deletions: { id: string; position: number }[];
  position: number;
  more: boolean;
}

/**
 * What the committed log means, worked out here once more and apart from `server/state`: which operations took effect,
 * who existed when, and what each account's history was at each position.
 */
export class CommittedHistory {
  /** Place `op - 1` holds operation `op`. */
  readonly entries: readonly LogEntry[];
  readonly accounts = new Map<string, LoggedAccount>();
  readonly messages = new Map<string, LoggedMessage>();
  readonly #byKey = new Map<string, LoggedAccount[]>();
  readonly #items = new Map<LoggedAccount, LoggedItem[]>();
  readonly #effective = new Set<number>();

  /** @param entries operations from 1 on, without gaps */
  constructor(entries: readonly LogEntry[]) {
    this.entries = entries;
    for (const entry of entries) if (this.#apply(entry)) this.#effective.add(entry.op);
  }

  /** The last position. */
  get end(): number {
    return this.entries.length;
  }

  entry(position: number): LogEntry | undefined {
    return this.entries[position - 1];
  }

  /** Whether the operation there did something; the log holds requests, and some are refused when they are applied. */
  tookEffect(position: number): boolean {
    return this.#effective.has(position);
  }

  /** Accounts that ever had a name with this key, in the order of their creation; at most one is present at a time. */
  accountsWith(key: string): readonly LoggedAccount[] {
    return this.#byKey.get(key) ?? [];
  }

  /** The account of that name key that is present once the operation at `position` is applied. */
  accountAt(key: string, position: number): LoggedAccount | undefined {
    return this.accountsWith(key).find((account) => isPresentAt(account, position));
  }

  /** All that ever concerned the account, by position. */
  itemsOf(account: LoggedAccount): readonly LoggedItem[] {
    return this.#items.get(account) ?? [];
  }

  /** The first position, and those up to the last at which one of these events took effect. */
  changesBetween(first: number, last: number, events: readonly LogEvent[]): number[] {
    const found = [first];
    for (let position = first + 1; position <= Math.min(last, this.end); position++) {
      if (this.tookEffect(position) && events.includes(this.entry(position)!.event)) found.push(position);
    }
    return found;
  }

  /** The accounts that are present at `position`, in the order of their keys. */
  presentAt(position: number): LoggedAccount[] {
    const present = [...this.accounts.values()].filter((account) => isPresentAt(account, position));
    return present.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The page of history that a server which has applied everything up to `position` has to answer with. */
  pageAt(
    account: LoggedAccount,
    ask: { after?: number; before?: number; other?: LoggedAccount; limit: number },
    position: number,
  ): ExpectedPage {
    const { after, before = Number.POSITIVE_INFINITY, other, limit } = ask;
    const isShown = ({ position: at, message, isDeletion }: LoggedItem) =>
      at <= position &&
      (isDeletion || message.deletedAtOp > position) &&
      (other === undefined || isBetween(message, account, other));
    const items = this.itemsOf(account).filter(isShown);
    if (after === undefined) {
      const messages = items.filter((item) => !item.isDeletion && item.position < before).map(({ message }) => message);
      return { messages: messages.slice(-limit), deletions: [], position, more: messages.length > limit };
    }
    const wanted = items.filter((item) => item.position > after);
    const page = wanted.slice(0, limit);
    const more = wanted.length > limit;
    return {
      messages: page.filter((item) => !item.isDeletion).map(({ message }) => message),
      deletions: page
        .filter((item) => item.isDeletion)
        .map((item) => ({ id: item.message.id, position: item.position })),
      position: more ? page[page.length - 1]!.position : position,
      more,
    };
  }

  /** @returns whether it took effect */
  #apply(entry: LogEntry): boolean {
    switch (entry.event) {
      case 'account:create':
        return this.#create(entry);
      case 'account:delete': {
        const account = this.#presentById(entry.account, entry.op);
        if (account) account.deletedAtOp = entry.op;
        return account !== undefined;
      }
      case 'message:send':
        return this.#send(entry);
      case 'message:delete':
        return this.#deleteMessage(entry);
      case 'message:received':
        this.#noteReceived(entry);
        return false;
      case 'session:open':
      case 'session:close':
        return this.#presentById(entry.account, entry.op) !== undefined;
      default:
        return false;
    }
  }

  #create(entry: LogEntry): boolean {
    const { username } = readAccountBody(entry);
    const key = nameKey(username);
    if (this.accountAt(key, entry.op - 1)) return false;
    const account: LoggedAccount = {
      id: String(entry.op),
      key,
      username,
      createdAtOp: entry.op,
      deletedAtOp: Number.POSITIVE_INFINITY,
      received: 0,
    };
    this.accounts.set(account.id, account);
    this.#byKey.set(key, [...this.accountsWith(key), account]);
    this.#items.set(account, []);
    return true;
  }

  #send(entry: LogEntry): boolean {
    const from = this.#presentById(entry.account, entry.op);
    const to = this.#presentById(entry.subject, entry.op);
    if (!from || !to || this.messages.has(entry.id)) return false;
    const { id, op: position, time: at, body } = entry;
    const message = { id, position, at, from, to, body, deletedAtOp: Number.POSITIVE_INFINITY };
    this.messages.set(id, message);
    this.#addItem({ position, message, isDeletion: false });
    return true;
  }

  #deleteMessage(entry: LogEntry): boolean {
    const message = this.messages.get(entry.subject);
    const by = this.#presentById(entry.account, entry.op);
    if (!message || message.from !== by || message.deletedAtOp < entry.op) return false;
    message.deletedAtOp = entry.op;
    this.#addItem({ position: entry.op, message, isDeletion: true });
    return true;
  }

  #addItem(item: LoggedItem): void {
    for (const side of new Set([item.message.from, item.message.to])) this.#items.get(side)!.push(item);
  }

  #noteReceived(entry: LogEntry): void {
    for (const pair of entry.body.split(' ')) {
      const [id = '', position = '0'] = pair.split('=');
      const account = this.accounts.get(id);
      if (account) account.received = Math.max(account.received, Number(position));
    }
  }

  #presentById(id: string, op: number): LoggedAccount | undefined {
    const account = this.accounts.get(id);
    return account !== undefined && isPresentAt(account, op) ? account : undefined;
  }
}

/** Whether the account is present once the operation at `position` is applied. */
export function isPresentAt(account: LoggedAccount, position: number): boolean {
  return account.createdAtOp <= position && position < account.deletedAtOp;
}

function isBetween({ from, to }: LoggedMessage, one: LoggedAccount, other: LoggedAccount): boolean {
  return (from === one && to === other) || (from === other && to === one);
}
