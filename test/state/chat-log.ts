import { type Applied, ChatState } from '../../server/state/chat-state.ts';
import type { HistoryAsk, HistoryPage } from '../../server/state/reader.ts';
import type { Message } from '../../shared/api.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry, type Outcome } from '../../shared/operations.ts';

/** What differs from an entry in which all is empty. */
export type Operation = Partial<EntryDraft> & Pick<EntryDraft, 'event'>;

/** The entry at that place of a log whose clock ticks a second for each. */
export function entryAt(op: number, operation: Operation): LogEntry {
  const draft: EntryDraft = {
    client: '',
    request: 0,
    asked: '',
    id: '',
    account: '',
    subject: '',
    body: '',
    ...operation,
  };
  const place = { op, view: '0/1/localhost:1538', time: 1_700_000_000_000 + op * 1000 };
  return { ...draft, ...place, nonce: '', removedDigest: '', chain: GENESIS_CHAIN, row: '' };
}

export function createOperation(username: string): Operation {
  const body = JSON.stringify({ nameKey: nameKey(username), passwordHash: `hash of ${username}` });
  return { event: 'account:create', subject: username, body };
}

/** A chat that is spoken to in the words of its users, and the log that comes of it. */
export class ChatLog {
  readonly entries: LogEntry[] = [];
  readonly state = new ChatState();
  #messages = 0;

  apply(operation: Operation): Applied {
    const entry = entryAt(this.entries.length + 1, operation);
    this.entries.push(entry);
    return this.state.apply(entry);
  }

  /** @returns the id of the account, and of the session that came with it */
  create(username: string): AccountId {
    const { position } = accepted(this.apply(createOperation(username)));
    return String(position) as AccountId;
  }

  logIn(account: AccountId): SessionId {
    return String(accepted(this.apply({ event: 'session:open', account })).position) as SessionId;
  }

  deleteAccount(account: AccountId): Applied {
    return this.apply({ event: 'account:delete', account });
  }

  /** @returns the id of the message */
  send(from: AccountId, to: AccountId, body = 'hello'): string {
    const id = `message-${++this.#messages}`;
    accepted(this.apply({ event: 'message:send', account: from, subject: to, id, body }));
    return id;
  }

  deleteMessage(account: AccountId, id: string): Applied {
    return this.apply({ event: 'message:delete', account, subject: id });
  }

  receive(body: string): Applied {
    return this.apply({ event: 'message:received', body });
  }

  /** Lets the log grow by entries that concern nobody. */
  pass(count: number): void {
    for (let index = 0; index < count; index++) this.apply({ event: 'cluster:complete', subject: '3' });
  }

  bodies(ask: Partial<HistoryAsk> & Pick<HistoryAsk, 'account'>): string[] {
    return this.state.history({ after: 0, limit: 500, ...ask }).messages.map((message) => message.body);
  }

  /** What the table of the snapshot says, as objects. */
  table(name: string): Record<string, string>[] {
    const table = this.state.snapshot().find((one) => one.name === name)!;
    return table.rows.map((row) => Object.fromEntries(table.columns.map((column, index) => [column, row[index]!])));
  }
}

export function accepted({ outcome }: Applied): Outcome {
  if (outcome.refused !== '') throw new Error(`the operation at ${outcome.position} was refused: ${outcome.refused}`);
  return outcome;
}

/** Every page from the beginning on, as a client asks for them. */
export function pagesForward(state: ChatState, account: AccountId, limit: number, other?: AccountId): HistoryPage[] {
  const pages: HistoryPage[] = [];
  let after = 0;
  for (;;) {
    const page = state.history({ account, after, limit, with: other });
    pages.push(page);
    if (!page.more) return pages;
    after = page.position;
  }
}

/** Every page from the newest back, as a client asks for them; the newest page comes first. */
export function pagesBackward(state: ChatState, account: AccountId, limit: number, other?: AccountId): Message[][] {
  const pages: Message[][] = [];
  let before: number | undefined;
  for (;;) {
    const page = state.history({ account, before, limit, with: other });
    pages.push(page.messages);
    if (!page.more) return pages;
    before = page.messages[0]!.position;
  }
}
