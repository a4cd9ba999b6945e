import { createHash, createHmac } from 'node:crypto';
import type {
  ChatReader,
  Committed,
  Engine,
  EngineListener,
  Freshness,
  HistoryChoice,
  HistoryPage,
  LogIn,
  Notice,
  ServerNews,
  Submission,
} from '../../server/engine/engine.ts';
import { refusalOf } from '../../server/engine/refusal-sentences.ts';
import { type Resolved, resolveSubject } from '../../server/engine/subjects.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { pageOf } from '../../server/state/page-texts.ts';
import type { Cluster, ServerStatus } from '../../shared/api.ts';
import { type ChatError, type Result, refusal, success } from '../../shared/errors.ts';
import type { AccountId, ClientId, ConversationEnd, SessionId } from '../../shared/ids.ts';
import type { EntryDraft, LogEntry, Outcome } from '../../shared/operations.ts';

type AnswerTo<T> = (result: Result<T>) => void;

interface Remembered {
  asked: string;
  outcome: Outcome;
  id: string;
}

interface Row {
  lastRequest: number;
  replies: Map<number, Remembered>;
}

/**
 * An engine in memory that commits what it is asked at once and by itself: no replicas, no disk, no clock. For tests
 * of what stands above the engine. Requests are done exactly once, as R18 wants it.
 */
export class InstantEngine implements Engine {
  readonly chat = new ChatState();
  readonly address = '127.0.0.1:1538';
  /** Operations in the order in which they took effect. */
  readonly log: LogEntry[] = [];
  /** What was handed to {@link submit}, in order, done or not. */
  readonly submissions: Submission[] = [];
  readonly receipts: { account: AccountId; position: number }[] = [];
  readonly readMarks: { account: AccountId; end: ConversationEnd; position: number }[] = [];
  /** What the other servers were told, in order. */
  readonly told: { news: ServerNews; to: string | undefined }[] = [];
  view = 1;
  #primary = true;
  #refusing: ChatError | undefined;
  #held: (() => void)[] | undefined;
  #noticesLate = false;
  readonly #listeners: EngineListener[] = [];
  readonly #clients = new Map<ClientId, Row>();
  #waitingReads: { position: number; answer: () => void }[] = [];

  submit(submission: Submission, answer: AnswerTo<Committed>): void {
    this.submissions.push(submission);
    if (this.#held) this.#held.push(() => this.#execute(submission, answer));
    else this.#execute(submission, answer);
  }

  read<T>(seen: Freshness, query: (chat: ChatReader) => T, answer: AnswerTo<T>): void {
    const now = (): void => answer(success(query(this.chat)));
    const position = seen === 'latest' ? 0 : (seen ?? 0);
    if (position <= this.chat.position) now();
    else this.#waitingReads.push({ position, answer: now });
  }

  readHistory(
    seen: number | undefined,
    choose: (chat: ChatReader) => Result<HistoryChoice>,
    answer: AnswerTo<HistoryPage>,
  ): void {
    const query = (chat: ChatReader): Result<HistoryPage> => {
      const choice = choose(chat);
      return choice.ok ? success(pageOf(choice.value, (position) => this.log[position - 1]) as HistoryPage) : choice;
    };
    this.read(seen, query, (result) => answer(result.ok ? result.value : result));
  }

  received(account: AccountId, position: number): void {
    this.receipts.push({ account, position });
    const draft = draftOf({ event: 'message:received', body: `${account}=${position}` });
    if (this.#primary) this.#append(draft);
  }

  markRead(account: AccountId, end: ConversationEnd, position: number): void {
    this.readMarks.push({ account, end, position });
    const draft = draftOf({ event: 'conversation:read', body: `${account}/${end}=${position}` });
    if (this.#primary) this.#append(draft);
  }

  tokenFor({ session, openedAt }: LogIn): string {
    const digest = createHmac('sha256', 'session key').update(`${session} ${openedAt}`).digest('base64url');
    return `${session}.${openedAt}.${digest}`;
  }

  /** The token of the log-in that an operation made, or will make. */
  tokenOf(op: number): string {
    return this.tokenFor({ session: String(op) as SessionId, openedAt: timeOf(op) });
  }

  logInOf(token: string): LogIn | undefined {
    const [session, openedAt] = token.split('.');
    const logIn = { session: session as SessionId, openedAt: Number(openedAt) };
    return this.tokenFor(logIn) === token ? logIn : undefined;
  }

  hasSessionKey(): boolean {
    return true;
  }

  tellServers(news: ServerNews, to?: string): void {
    this.told.push({ news, to });
  }

  isFull(): boolean {
    return this.#primary;
  }

  isPrimary(): boolean {
    return this.#primary;
  }

  whyNotPrimary(): ChatError {
    const message = 'This server is a backup; the primary is 127.0.0.1:2538.';
    return { ...refusal('not-primary', message).error, primary: '127.0.0.1:2538', epoch: 0, view: this.view };
  }

  cluster(): Cluster {
    const primary = this.#primary ? this.address : '127.0.0.1:2538';
    const members = [primary, this.#primary ? '127.0.0.1:2538' : this.address];
    const rest = { spares: [], witnesses: [], known: members, replicationFactor: 3 };
    return { id: 'cluster-of-tests', epoch: 0, view: this.view, primary, members, ...rest };
  }

  status(): ServerStatus {
    const cluster = this.cluster();
    const { epoch, view, primary, members } = cluster;
    const role = this.#primary ? 'primary' : 'backup';
    const commit = this.chat.position;
    return {
      address: this.address,
      role,
      epoch,
      view,
      primary,
      members,
      commit,
      waitingFor: '',
      cluster,
      version: '0',
    };
  }

  subscribe(listener: EngineListener): void {
    this.#listeners.push(listener);
  }

  async leave(): Promise<void> {
    this.release();
  }

  /** Makes this server the primary, or a backup, of the next view. */
  setPrimary(primary: boolean): void {
    if (primary === this.#primary) return;
    this.#primary = primary;
    this.view += 1;
    for (const listener of this.#listeners) {
      listener.onPrimaryChanged(primary);
      listener.onClusterChanged(this.cluster());
    }
  }

  /** From now on nothing commits, until {@link release}. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets what was held commit, in order: all of it, or the first so many. */
  release(count = Number.POSITIVE_INFINITY): void {
    const held = this.#held ?? [];
    if (count >= held.length) this.#held = undefined;
    for (const execute of held.splice(0, count)) execute();
  }

  /** Refuses whatever is submitted, as a server does whose state is in the way; `undefined` ends that. */
  refuseAll(error: ChatError | undefined): void {
    this.#refusing = error;
  }

  /** Tells of what was applied only after its answer went out. */
  tellNoticesLate(): void {
    this.#noticesLate = true;
  }

  /** Tells the listeners of something. */
  tell(notices: readonly Notice[]): void {
    for (const listener of this.#listeners) listener.onNotices(notices);
  }

  /** Applies an operation that another server, the primary, had done. */
  applyFromPrimary(draft: Partial<EntryDraft> & Pick<EntryDraft, 'event'>): Outcome {
    return this.#append(draftOf(draft)).outcome;
  }

  #execute(submission: Submission, answer: AnswerTo<Committed>): void {
    const decided = this.#decideWithoutLog(submission);
    if (decided) answer(decided);
    else this.#executeNew(submission, answer);
  }

  #decideWithoutLog(submission: Submission): Result<Committed> | undefined {
    const { client, request, asked, known } = submission;
    if (this.#refusing) return { ok: false, error: this.#refusing };
    if (!this.#primary) return { ok: false, error: { ...this.whyNotPrimary(), definite: false } };
    const row = this.#clients.get(client);
    const before = row?.replies.get(request);
    if (before && before.asked !== asked) {
      return refusal('bad-request', `Request ${request} was something else before.`);
    }
    if (before) return this.#resultOf(submission, before, true);
    if (row && request <= row.lastRequest) {
      const draft = this.#draftOf(submission);
      const refused = 'refused' in draft ? draft.refused : this.chat.check(draft);
      return refused === '' || refused === 'not-logged-in'
        ? refusal('overtaken', `Request ${request} was overtaken.`)
        : refusalOf(refused, submission, this.chat);
    }
    if (!row && known) {
      return refusal('request-forgotten', `Request ${request} is not remembered.`);
    }
    return undefined;
  }

  #executeNew(submission: Submission, answer: AnswerTo<Committed>): void {
    const { client, request, asked } = submission;
    const draft = this.#draftOf(submission);
    const refused = 'refused' in draft ? draft.refused : this.chat.check(draft);
    if ('refused' in draft || refused !== '') {
      answer(refusalOf(refused as Parameters<typeof refusalOf>[0], submission, this.chat));
      return;
    }
    const { id } = draft;
    const { outcome, tell } = this.#append(draft, this.#noticesLate);
    const row = this.#clients.get(client) ?? { lastRequest: 0, replies: new Map<number, Remembered>() };
    row.lastRequest = request;
    row.replies.set(request, { asked, outcome, id });
    this.#clients.set(client, row);
    answer(this.#resultOf(submission, { asked, outcome, id }, false));
    tell();
  }

  #draftOf(submission: Submission): EntryDraft | Exclude<Resolved, { subject: string }> {
    const { client, request, asked, event, account, body } = submission;
    const resolved = resolveSubject(this.chat, submission);
    if ('refused' in resolved) return resolved;
    const id = createHash('sha256').update(`${client} ${request}`).digest('hex').slice(0, 32);
    return { event, client, request, asked, id, account, subject: resolved.subject, body };
  }

  #resultOf(submission: Submission, { outcome, id }: Remembered, repeated: boolean): Result<Committed> {
    const { refused, position, at } = outcome;
    if (refused !== '') return refusalOf(refused, submission, this.chat);
    const { existed = false } = outcome;
    return success({ position, at, id, repeated, existed, replicas: this.cluster().members.length });
  }

  #append(draft: EntryDraft, tellLater = false): { outcome: Outcome; tell: () => void } {
    const op = this.chat.position + 1;
    const places = { op, view: `0/${this.view}/${this.address}`, time: timeOf(op) };
    const entry: LogEntry = { ...draft, ...places, nonce: '', removedDigest: '', chain: '', row: '' };
    this.log.push(entry);
    const { outcome, notices } = this.chat.apply(entry);
    const tell = (): void => this.tell(notices);
    if (!tellLater) tell();
    const ready = this.#waitingReads.filter((read) => read.position <= op);
    this.#waitingReads = this.#waitingReads.filter((read) => read.position > op);
    for (const read of ready) read.answer();
    return { outcome, tell: tellLater ? tell : () => {} };
  }
}

function draftOf(draft: Partial<EntryDraft> & Pick<EntryDraft, 'event'>): EntryDraft {
  return { client: '', request: 0, asked: '', id: '', account: '', subject: '', body: '', ...draft };
}

function timeOf(op: number): number {
  return 1_700_000_000_000 + op;
}
