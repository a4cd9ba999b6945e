import { type ChatError, type Result, refusal } from '../../shared/errors.ts';
import { type Address, formatView, sameView } from '../../shared/ids.ts';
import { HOLD_DURING_VIEW_CHANGE_MS, LOG_PIECE_LENGTH } from '../../shared/limits.ts';
import type { LogEntry, Outcome } from '../../shared/operations.ts';
import { type Incarnation, incarnationKey, sameIncarnation } from '../../shared/views.ts';
import type { RelayedMessage, RelayedRefusal, RelayedRequest, RelayMessage } from '../replication/messages.ts';
import { type Context, isDead } from '../replication/replica-state.ts';
import type { ChatReader } from '../state/reader.ts';
import { roleOf } from './describe.ts';
import type { Committed, Submission } from './engine.ts';
import { FreshReads } from './fresh-reads.ts';
import type { NotedMarks } from './receipts.ts';
import { RelayedRequests } from './relayed-requests.ts';
import { type Judged, numberReused, type Submissions } from './submissions.ts';

/** What got no answer for so long was lost with a connection, or its answer was: everything is sent again. */
const RETRY_MS = 500;
/** The primary could not take something for reasons of its own, which pass. */
const PAUSE_MS = 20;
/** R28: whoever lost its primary so recently goes on as if it had one: another is found in less, as a rule. */
const GRACE_MS = 3000;

type Answer = (result: Result<Committed>) => void;

/** A request that waits for the primary's word, and who waits for it. */
export interface PassedOn {
  readonly submission: Judged & { digest: string };
  readonly answers: Answer[];
}

/** A read that waits for the primary's word. */
export interface FreshRead {
  /** The primary had applied so much: that is new enough. */
  answerAt(position: number): void;
  fail(error: ChatError): void;
}

export interface FollowerParts {
  context(): Context;
  /** Nothing that the core decided is still to be carried out. */
  isSettled(): boolean;
  send(to: Address, message: RelayMessage): void;
  soon(run: () => void): void;
  chat: ChatReader;
  submissions: Submissions;
  /** What was received and read here, when it is time to tell of it. */
  takeMarks(nowMs: number): NotedMarks | undefined;
  whyNotPrimary(): ChatError;
}

/** Whom this server follows. */
interface Followed {
  readonly primary: Incarnation;
  /** Which life, in which view. */
  readonly of: string;
  /** R28: only a member of the view passes requests on: it hears at once what is committed. */
  readonly isMember: boolean;
}

/** R17, R28, at a server that follows the primary: passes on what it is asked, and answers by what it has applied. */
export class RelayFollower {
  readonly #parts: FollowerParts;
  readonly #requests = new RelayedRequests<PassedOn>();
  readonly #reads = new FreshReads<FreshRead>();
  #refusals: RelayedRefusal[] = [];
  #followed: Followed | null = null;
  /** Everything that was acknowledged when this server began to follow is applied once this is; null while that is not known. */
  #confirmedAt: number | null = null;
  #isAsked = false;
  #fullAtMs = Number.NEGATIVE_INFINITY;
  #beginAtMs = Number.NEGATIVE_INFINITY;
  #isSessionOver = true;
  #quietSinceMs = 0;
  #isFlushDue = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Requests that wait for their answers. */
  get underWay(): number {
    return this.#requests.size;
  }

  /** This server follows a primary, as a member of its view, and has applied what was acknowledged when that began; or did so, or was the primary, a moment ago. */
  isFull(nowMs: number): boolean {
    return nowMs - this.#fullAtMs < GRACE_MS;
  }

  /** Whether there is somebody to ask about reads. */
  get isFollowing(): boolean {
    return this.#followed !== null;
  }

  /** Has a request done by the primary. Those of one client take effect in the order of the calls. */
  submit(submission: Submission | Judged, answer: Answer): void {
    const { submissions } = this.#parts;
    const digest = submissions.digestOf(submission);
    const judged = { ...submission, digest };
    const known = submissions.answerOf(judged);
    if (known) {
      answer(known);
      return;
    }
    const same = this.#requests.find(submission.client, submission.request);
    if (same) {
      if (same.submission.digest === digest) same.answers.push(answer);
      else answer(numberReused(submission.request));
      return;
    }
    const passedOn = { submission: judged, answers: [answer] };
    const { nowMs } = this.#parts.context();
    this.#noteWaiting(nowMs);
    this.#requests.add(submission.client, submission.request, passedOn, nowMs + HOLD_DURING_VIEW_CHANGE_MS);
    this.#flushSoon();
  }

  /** Has a read answered as soon as this server has applied whatever was acknowledged before. */
  read(read: FreshRead, untilMs: number): void {
    this.#noteWaiting(this.#parts.context().nowMs);
    this.#reads.add(read, untilMs);
    this.#flushSoon();
  }

  /** An operation was applied. */
  onApplied(entry: LogEntry, outcome: Outcome): void {
    if (entry.client === '') return;
    const passedOn = this.#requests.settle(entry.client, entry.request);
    if (!passedOn) return;
    this.#quietSinceMs = this.#parts.context().nowMs;
    const result = this.#parts.submissions.resultOf(passedOn.submission, entry, outcome);
    for (const answer of passedOn.answers) answer(result);
  }

  /** Our connection to that server was made anew: what was sent before may be lost. */
  onLinkUp(address: Address): void {
    if (address === this.#followed?.primary.id) this.#beginAtMs = this.#parts.context().nowMs;
  }

  /** The primary has answered. */
  onRelayed(from: Incarnation, message: RelayedMessage): void {
    const { state, nowMs } = this.#parts.context();
    const isMeant = this.#followed !== null && sameIncarnation(from, this.#followed.primary);
    if (!isMeant || message.session !== this.#requests.session) return;
    if (!sameView(state.file.base!.number, message.view)) return;
    this.#quietSinceMs = nowMs;
    this.#refusals.push(...message.refusals);
    if (message.read > 0) {
      this.#confirmedAt ??= message.position;
      for (const read of this.#reads.confirm(message.read)) read.answerAt(message.position);
    }
    if (message.isOver) {
      this.#isSessionOver = true;
      this.#beginAtMs = nowMs + (this.#followed!.isMember ? PAUSE_MS : RETRY_MS);
    }
    this.answerReady();
  }

  /** Passes refusals on of which everything is applied that they were judged by. */
  answerReady(): void {
    if (this.#refusals.length === 0) return;
    const { position } = this.#parts.chat;
    const ready = this.#refusals.filter((refused) => refused.position <= position);
    this.#refusals = this.#refusals.filter((refused) => refused.position > position);
    for (const { client, request, error } of ready) {
      for (const answer of this.#requests.settle(client, request)?.answers ?? []) answer({ ok: false, error });
    }
  }

  /** Looks at whom this server follows, and does what is due; at each tick, and whenever something changed. */
  look(isPrimary: boolean): void {
    const context = this.#parts.context();
    const { nowMs } = context;
    const followed = followedBy(context);
    if (followed?.of !== this.#followed?.of) {
      this.#confirmedAt = null;
      this.#beginAtMs = nowMs;
    }
    this.#followed = followed;
    const isUnconfirmed = followed?.isMember === true && this.#confirmedAt === null;
    const isWaiting = this.#requests.size > 0 || !this.#reads.isEmpty || isUnconfirmed;
    if (isWaiting && nowMs - this.#quietSinceMs >= RETRY_MS) this.#beginAtMs = Math.min(this.#beginAtMs, nowMs);
    if (followed && nowMs >= this.#beginAtMs) this.#begin(nowMs);
    this.#flush();
    const isConfirmed = this.#confirmedAt !== null && this.#confirmedAt <= this.#parts.chat.position;
    const isFollower = followed?.isMember === true && isConfirmed && context.state.complete;
    if (isPrimary || isFollower) this.#fullAtMs = nowMs;
    this.#refuseLate(nowMs);
  }

  /** This server became the primary: hands over what waits, oldest first, to be done here. */
  takeRequests(): PassedOn[] {
    return this.#requests.takeAll();
  }

  takeReads(): FreshRead[] {
    return this.#reads.takeAll();
  }

  #noteWaiting(nowMs: number): void {
    if (this.#requests.size === 0 && this.#reads.isEmpty) this.#quietSinceMs = nowMs;
  }

  #begin(nowMs: number): void {
    this.#beginAtMs = Number.POSITIVE_INFINITY;
    this.#quietSinceMs = nowMs;
    this.#isSessionOver = false;
    this.#isAsked = false;
    this.#requests.startSession();
    this.#reads.askAgain();
  }

  /** Everything that is asked for in one turn of the main loop is one message. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#parts.soon(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { context, isSettled, send, takeMarks } = this.#parts;
    const followed = this.#followed;
    if (!followed || this.#isSessionOver || !isSettled()) return;
    const { state, nowMs } = context();
    if (followedBy(context())?.of !== followed.of) return;
    for (let isFirst = true; ; isFirst = false) {
      const { first, items } = followed.isMember
        ? this.#requests.takeUnsent(lengthOf, LOG_PIECE_LENGTH)
        : { first: 0, items: [] };
      const isQuestionDue =
        this.#reads.isQuestionDue || (followed.isMember && this.#confirmedAt === null && !this.#isAsked);
      const marks = isFirst ? takeMarks(nowMs) : undefined;
      if (items.length === 0 && !isQuestionDue && !marks) return;
      this.#isAsked ||= isQuestionDue;
      send(followed.primary.id, {
        type: 'relay',
        view: state.file.base!.number,
        session: this.#requests.session,
        read: isQuestionDue ? this.#reads.ask() : 0,
        applied: { op: state.commit, chain: state.log.chainAt(state.commit)! },
        first,
        requests: items.map(requestOf),
        received: marks?.received ?? [],
        marks: marks?.read ?? [],
      });
    }
  }

  #refuseLate(nowMs: number): void {
    const { id } = this.#parts.context().state.file;
    const text = `The server ${id} has passed this on, and no primary has answered; send it again, here or elsewhere.`;
    const { error } = refusal('unavailable', text);
    for (const { answers } of this.#requests.takeLate(nowMs)) {
      for (const answer of answers) answer({ ok: false, error: { ...error, definite: false } });
    }
    for (const read of this.#reads.takeLate(nowMs)) read.fail(this.#parts.whyNotPrimary());
  }
}

function followedBy(context: Context): Followed | null {
  const { state } = context;
  const { base } = state.file;
  const primary = base?.members[0];
  if (!primary || isDead(state, primary)) return null;
  const role = roleOf(context);
  if (role !== 'backup' && role !== 'spare' && role !== 'joining') return null;
  const link = state.links.get(primary.id);
  if (!link || !sameIncarnation(link.self, primary)) return null;
  const of = `${formatView(base.number)} ${incarnationKey(primary)}`;
  return { primary, of, isMember: role === 'backup' };
}

function requestOf({ submission }: PassedOn): RelayedRequest {
  const { client, request, known, event, account, session, subject, body, digest } = submission;
  return { client, request, known, event, account, session: session ?? null, subject, body, asked: digest };
}

/** About, in UTF-16 code units. */
function lengthOf({ submission: { subject, body } }: PassedOn): number {
  return 300 + subject.length + body.length;
}
