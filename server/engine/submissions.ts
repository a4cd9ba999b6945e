import { readAccountBody } from '../../shared/account-body.ts';
import { type ChatError, type ErrorCode, type Result, refusal, success } from '../../shared/errors.ts';
import type { ClientId } from '../../shared/ids.ts';
import { LOG_UNDER_WAY_LENGTH } from '../../shared/limits.ts';
import type { EntryDraft, LogEntry, Outcome } from '../../shared/operations.ts';
import { readRoomBody } from '../../shared/room-body.ts';
import type { ClientTable } from '../replication/client-table.ts';
import type { ChatState } from '../state/chat-state.ts';
import { bytesTaken } from '../state/documents.ts';
import type { Committed, Submission } from './engine.ts';
import { refusalOf } from './refusal-sentences.ts';
import type { SessionKeys } from './session-keys.ts';
import { resolveSubject } from './subjects.ts';

type Answer = (result: Result<Committed>) => void;
type Refused = Exclude<Outcome['refused'], ''>;

/** A submission as it is judged: its text as a digest already when it comes from another server (R28). */
export type Judged = Submission & { digest?: string };

interface InFlight {
  asked: string;
  /** Names things as the client did: the entry names them by ids. */
  submission: Judged;
  answers: Answer[];
  /** Not in the log, and asked again once this one is settled: lower numbers of the same client, and accounts or rooms of the same name. */
  afterwards: { submission: Judged; answer: Answer }[];
  /** Of the account or room that it creates, the name as names are compared; empty for other requests. */
  nameKey: string;
  /** What the document that it sets will take; 0 for other requests. */
  documentBytes: number;
}

/**
 * R18 at the primary: what was asked before is answered again, what is under way is waited for, what is new is checked
 * and queued for the log. Answers go out when the operation is committed.
 */
export class Submissions {
  readonly #table: ClientTable;
  readonly #chat: ChatState;
  readonly #keys: SessionKeys;
  readonly #replicas: () => number;
  readonly #underWayMaxLength: number;
  readonly #inFlight = new Map<string, InFlight>();
  /** The highest request of a client that is in the queue or in the log and not committed. */
  readonly #highest = new Map<ClientId, number>();
  /** Those that create an account or a room, by the key of its name: those of rooms begin with `#`. */
  readonly #creating = new Map<string, InFlight>();
  /** Clients of which something waits for the name that another creates, and so does all that they ask later. */
  readonly #heldBehind = new Map<ClientId, InFlight>();
  #queue: EntryDraft[] = [];
  /** Of the bodies that were taken for the log and are not committed, in UTF-16 code units. */
  #underWayLength = 0;
  /** What the documents take that are in the queue or in the log and not committed. */
  #documentBytes = 0;

  /**
   * @param replicas how many servers the view has now: what is committed is on the disks of all of them (R4)
   * @param underWayMaxLength of bodies that are in the log and not committed, in UTF-16 code units
   */
  constructor(
    table: ClientTable,
    chat: ChatState,
    keys: SessionKeys,
    replicas: () => number,
    underWayMaxLength = LOG_UNDER_WAY_LENGTH,
  ) {
    this.#underWayMaxLength = underWayMaxLength;
    this.#table = table;
    this.#chat = chat;
    this.#keys = keys;
    this.#replicas = replicas;
  }

  /** Requests that were queued or appended and not answered yet. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Answers at once, or queues a draft. */
  add(submission: Judged, answer: Answer): void {
    const { client, request } = submission;
    const asked = this.digestOf(submission);
    const standing = this.#table.standing(client, request, asked, submission.known);
    switch (standing.type) {
      case 'executed':
        answer(this.#resultOf(submission, standing.outcome, true));
        return;
      case 'number-reused':
        answer(numberReused(request));
        return;
      case 'overtaken':
        answer(this.#whyOvertaken(submission, asked) ?? overtaken(request));
        return;
      case 'forgotten':
        answer(forgotten(request));
        return;
      case 'new':
        this.#addNew(submission, asked, answer);
    }
  }

  /** What tells it from another request under its number. */
  digestOf(submission: Judged): string {
    return submission.digest ?? this.#keys.askedDigest(submission.asked);
  }

  /** The answer that what has been applied here gives for good; undefined when it gives none (R28). */
  answerOf(submission: Judged): Result<Committed> | undefined {
    const { client, request, known } = submission;
    const standing = this.#table.standing(client, request, this.digestOf(submission), known);
    if (standing.type === 'executed') return this.#resultOf(submission, standing.outcome, true);
    return standing.type === 'number-reused' ? numberReused(request) : undefined;
  }

  /** Why it is refused now, if that is no want of a log-in: whoever is told to log in sends it again, behind what was asked later and done. */
  #whyOvertaken(submission: Judged, asked: string): { ok: false; error: ChatError } | undefined {
    const refused = this.#whyRefused(submission, this.#draftOf(submission, asked));
    return refused?.error.code === 'not-logged-in' ? undefined : refused;
  }

  #addNew(submission: Judged, asked: string, answer: Answer): void {
    const { client, request } = submission;
    const key = keyOf(client, request);
    const same = this.#inFlight.get(key);
    if (same) {
      if (same.asked === asked) same.answers.push(answer);
      else answer(numberReused(request));
      return;
    }
    const highest = this.#highest.get(client) ?? 0;
    if (request <= highest) {
      // Should the higher one not be committed, this one can still be done, elsewhere: nothing may be said of it yet.
      this.#inFlight.get(keyOf(client, highest))!.afterwards.push({ submission, answer });
      return;
    }
    const ahead = this.#heldBehind.get(client);
    if (ahead) {
      ahead.afterwards.push({ submission, answer });
      return;
    }
    const asDrafted = this.#draftOf(submission, asked);
    const refused = this.#whyRefused(submission, asDrafted);
    if (refused && !leavesRow(submission, refused.error.code)) {
      answer(refused);
      return;
    }
    const draft = refused ? refusedDraft(submission, asked, this.#refusedBy(asDrafted)) : (asDrafted as EntryDraft);
    const nameKey = nameKeyOf(draft);
    const creating = this.#creating.get(nameKey);
    if (creating) {
      // No `account:create` or `room:create` in the log is refused for its name, so that it can be applied again when that has been removed (R27).
      creating.afterwards.push({ submission, answer });
      // It would be overtaken by what its client asks next.
      this.#heldBehind.set(client, creating);
      return;
    }
    const documentBytes = draft.event === 'document:set' ? bytesTaken(draft.body) : 0;
    const inFlight: InFlight = { asked, submission, answers: [answer], afterwards: [], nameKey, documentBytes };
    this.#documentBytes += documentBytes;
    this.#highest.set(client, request);
    this.#inFlight.set(key, inFlight);
    if (nameKey !== '') this.#creating.set(nameKey, inFlight);
    this.#queue.push(draft);
  }

  /** What the state says against it now; undefined when nothing does. */
  #whyRefused(submission: Judged, draft: EntryDraft | Refused): { ok: false; error: ChatError } | undefined {
    const refused = this.#isLoggedOut(submission) ? 'not-logged-in' : this.#refusedBy(draft);
    return refused === '' ? undefined : refusalOf(refused, submission, this.#chat);
  }

  #refusedBy(draft: EntryDraft | Refused): Outcome['refused'] {
    return typeof draft === 'string' ? draft : this.#chat.check(draft, this.#documentBytes);
  }

  /** R28: another server, whose state may be behind, has looked at the log-in. */
  #isLoggedOut({ digest, account, session }: Judged): boolean {
    if (digest === undefined || account === '') return false;
    return session === undefined || this.#chat.accountOfLogIn(session)?.id !== account;
  }

  /** @returns why there is none, when it names an account or a room that is not there */
  #draftOf(submission: Judged, asked: string): EntryDraft | Refused {
    const { client, request, event, account, body } = submission;
    const resolved = resolveSubject(this.#chat, submission);
    if ('refused' in resolved) return resolved.refused;
    const id = event === 'message:send' ? this.#keys.messageId(client, request) : '';
    return { client, request, asked, event, account, body, id, subject: resolved.subject };
  }

  #resultOf(submission: Submission, outcome: Outcome, repeated: boolean, knownId?: string): Result<Committed> {
    if (outcome.refused !== '') return refusalOf(outcome.refused, submission, this.#chat);
    const id = knownId || this.#keys.messageId(submission.client, submission.request);
    const { position, at, existed = false } = outcome;
    return success({ position, at, id, repeated, existed, replicas: this.#replicas() });
  }

  get isQueueEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Takes what is queued, for the next batch; what would be too long together with what is under way is left for later. */
  takeQueue(): EntryDraft[] {
    const isFull = ({ body }: EntryDraft) =>
      this.#underWayLength > 0 && this.#underWayLength + body.length > this.#underWayMaxLength;
    const end = this.#queue.findIndex((draft) => {
      if (isFull(draft)) return true;
      this.#underWayLength += draft.body.length;
      return false;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  /** Answers those who wait for a committed entry. */
  onApplied(entry: LogEntry, outcome: Outcome): void {
    if (entry.client === '') return;
    const key = keyOf(entry.client, entry.request);
    const waiting = this.#inFlight.get(key);
    if (this.#highest.get(entry.client) === entry.request) this.#highest.delete(entry.client);
    if (!waiting) return;
    this.#inFlight.delete(key);
    this.#documentBytes -= waiting.documentBytes;
    this.#underWayLength -= entry.body.length;
    this.#creating.delete(waiting.nameKey);
    const result = this.#resultOf(waiting.submission, outcome, false, entry.id);
    for (const [index, answer] of waiting.answers.entries()) {
      answer(index === 0 || !result.ok ? result : success({ ...result.value, repeated: true }));
    }
    for (const [client, ahead] of this.#heldBehind) if (ahead === waiting) this.#heldBehind.delete(client);
    for (const one of waiting.afterwards) this.add(one.submission, one.answer);
  }

  /** The answer to a submission that was passed on, when an entry with its number has been applied (R28). */
  resultOf(submission: Judged, entry: LogEntry, outcome: Outcome): Result<Committed> {
    const isSame = entry.asked === this.digestOf(submission);
    return isSame ? this.#resultOf(submission, outcome, false, entry.id) : numberReused(entry.request);
  }

  /**
   * This server can no longer tell how they end: those in the log may still be committed by another primary, those in
   * the queue were dropped but cannot be told apart by their clients, who resend both.
   */
  abandonAll(why: ChatError): void {
    const waiting = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#highest.clear();
    this.#creating.clear();
    this.#heldBehind.clear();
    this.#queue = [];
    this.#documentBytes = 0;
    this.#underWayLength = 0;
    const later = waiting.flatMap((one) => one.afterwards.map(({ answer }) => answer));
    for (const answer of [...waiting.flatMap(({ answers }) => answers), ...later]) {
      answer({ ok: false, error: { ...why, definite: false } });
    }
  }
}

/**
 * R28: a copy of it may be under way on another path, and be judged when things have changed. Who is told to log in sends it again under a
 * new number, and its log-in stays ended on every path.
 */
function leavesRow({ spread }: Judged, code: ErrorCode): boolean {
  return spread === true && code !== 'not-logged-in';
}

function refusedDraft({ client, request }: Judged, asked: string, code: Outcome['refused']): EntryDraft {
  return { client, request, asked, event: 'request:refused', account: '', subject: code, body: '', id: '' };
}

function keyOf(client: ClientId, request: number): string {
  return `${client}/${request}`;
}

/** Of the account or room that a draft creates. */
function nameKeyOf(draft: EntryDraft): string {
  if (draft.event === 'account:create') return readAccountBody(draft).nameKey;
  return draft.event === 'room:create' ? readRoomBody(draft).nameKey : '';
}

/** The refusal of a number that stands for another request already. */
export function numberReused(request: number): { ok: false; error: ChatError } {
  const text = `Request ${request} was used before for something else; use each number once.`;
  return refusal('bad-request' satisfies ErrorCode, text);
}

/** A refusal before the log leaves no trace: the reason why it was not done may be unknown, but that it was not is sure. */
function overtaken(request: number): { ok: false; error: ChatError } {
  const text = `Request ${request} was refused when it came first, and later ones were done; send it as a new one if it is still wanted.`;
  return refusal('overtaken', text);
}

function forgotten(request: number): { ok: false; error: ChatError } {
  const text = `What became of request ${request} is no longer known; look at the history, then go on with new numbers.`;
  return { ok: false, error: { ...refusal('request-forgotten', text).error, definite: false } };
}
