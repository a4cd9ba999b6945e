import { type Applied, ChatState } from '../../server/state/chat-state.ts';
import { DOCUMENTS } from '../../server/state/documents.ts';
import type { QueuedMessage } from '../../server/state/message-queue.ts';
import { pageOf } from '../../server/state/page-texts.ts';
import type { ChosenMessage, HistoryAsk, HistoryChoice, HistoryPage } from '../../server/state/reader.ts';
import { QUEUED_MESSAGES, queueRow } from '../../server/state/tables.ts';
import { accountBody } from '../../shared/account-body.ts';
import type { AccountId, ConversationEnd, RoomId, SessionId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import { type EntryDraft, GENESIS_CHAIN, type LogEntry, type Outcome, type Table } from '../../shared/operations.ts';
import { roomBody } from '../../shared/room-body.ts';

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
  const body = accountBody({ username, nameKey: nameKey(username), passwordHash: `hash of ${username}` });
  return { event: 'account:create', body };
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
  send(from: AccountId, to: ConversationEnd, body = 'hello'): string {
    const id = `message-${++this.#messages}`;
    accepted(this.apply({ event: 'message:send', account: from, subject: to, id, body }));
    return id;
  }

  deleteMessage(account: AccountId, id: string): Applied {
    return this.apply({ event: 'message:delete', account, subject: id });
  }

  edit(account: AccountId, id: string, body: string): Applied {
    return this.apply({ event: 'message:edit', account, subject: id, body });
  }

  react(account: AccountId, id: string, reaction: string, on = true): Applied {
    return this.apply({ event: on ? 'message:react' : 'message:unreact', account, subject: id, body: reaction });
  }

  createRoom(account: AccountId, name: string, topic = ''): RoomId {
    const body = roomBody({ name, nameKey: nameKey(name), topic });
    return String(accepted(this.apply({ event: 'room:create', account, body })).position) as RoomId;
  }

  join(account: AccountId, room: RoomId): Applied {
    return this.apply({ event: 'room:join', account, subject: room });
  }

  receive(body: string): Applied {
    return this.apply({ event: 'message:received', body });
  }

  /** Lets the log grow by entries that concern nobody. */
  pass(count: number): void {
    for (let index = 0; index < count; index++) this.apply({ event: 'cluster:complete', subject: '3' });
  }

  /** The page with its texts, as a client gets it. */
  page(ask: HistoryAsk): HistoryPage {
    return pageWithTexts(this.state, this.entries, ask);
  }

  bodies(ask: Partial<HistoryAsk> & Pick<HistoryAsk, 'account'>): string[] {
    return this.page({ after: 0, limit: 500, ...ask }).messages.map((message) => message.body);
  }

  /** What the table of the snapshot says, as objects. */
  table(name: string): Record<string, string>[] {
    const table = tablesOf(this.state, this.entries).find((one) => one.name === name)!;
    return table.rows.map((row) => Object.fromEntries(table.columns.map((column, index) => [column, row[index]!])));
  }
}

/** @param entries the log that led to the state */
export function pageWithTexts(state: ChatState, entries: readonly LogEntry[], ask: HistoryAsk): HistoryPage {
  const page = pageOf(state.history(ask), (position) => entries[position - 1]);
  if ('missing' in page) throw new Error(`the log has no rows ${page.missing.join()}`);
  return page;
}

/** All tables of a snapshot but the growing one. */
export function tablesOf(state: ChatState, entries: readonly LogEntry[]): Table[] {
  const queue = state.queue();
  const rows: string[][] = [];
  const rowOf = (message: QueuedMessage) =>
    queueRow(message, entries[message.position - 1]!, entries[message.textAt - 1]!);
  while (!queue.isOver) rows.push(...queue.next(3).map(rowOf));
  return [...state.snapshot(), documentTable(state), { ...QUEUED_MESSAGES, rows }];
}

function documentTable(state: ChatState): Table {
  return { ...DOCUMENTS, rows: [...state.documents.pieces()].flat() };
}

/** What a server finds after a restart: the state that the snapshot of another leads to. */
export function restoredFrom(state: ChatState, index: string[][]): ChatState {
  index.push(...state.takeIndexRows().rows);
  const restored = ChatState.restore(state.snapshot(), state.position);
  for (const row of index) restored.restoreIndex(row);
  restored.restored();
  for (const row of documentTable(state).rows) restored.restoreDocument(row);
  return restored;
}

export function accepted({ outcome }: Applied): Outcome {
  if (outcome.refused !== '') throw new Error(`the operation at ${outcome.position} was refused: ${outcome.refused}`);
  return outcome;
}

/** Every page from the beginning on, as a client asks for them. */
export function pagesForward(state: ChatState, account: AccountId, limit: number, other?: AccountId): HistoryChoice[] {
  const pages: HistoryChoice[] = [];
  let after = 0;
  for (;;) {
    const page = state.history({ account, after, limit, with: other });
    pages.push(page);
    if (!page.more) return pages;
    after = page.position;
  }
}

/** Every page from the newest back, as a client asks for them; the newest page comes first. */
export function pagesBackward(
  state: ChatState,
  account: AccountId,
  limit: number,
  other?: AccountId,
): ChosenMessage[][] {
  const pages: ChosenMessage[][] = [];
  let before: number | undefined;
  for (;;) {
    const page = state.history({ account, before, limit, with: other });
    pages.push(page.messages);
    if (!page.more) return pages;
    before = page.messages[0]!.position;
  }
}
