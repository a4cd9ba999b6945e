import type { Cluster, SessionReady } from '../shared/api.ts';
import { type ChatError, SERVER_STATE_CODES } from '../shared/errors.ts';
import type { Address } from '../shared/ids.ts';
import { AddressTries, type Tries } from './address-tries.ts';
import { backoffMs, RETRY_BACKOFF } from './clock.ts';
import type { ConnectionsListener, ConnectionsOptions } from './connections-types.ts';
import { type Link, makeLink, markReady } from './link.ts';
import {
  chooseTarget,
  coming,
  mistakenLinks,
  nextToOpen,
  REPLACE_DELAY_MS,
  surplusLinks,
  whyUnfit,
} from './link-choice.ts';
import { LinkNews } from './link-news.ts';
import { nameOf, type Opening, primaryAddress, READY_DEADLINE_MS, type Scene, SOCKETS_WANTED } from './link-scene.ts';
import { FAILED_REST_MS, SpreadChoice, UNREADY_REST_MS } from './spread-choice.ts';
import type { PushEvent } from './transport.ts';

/** After a refused handshake the tries of an address are seconds apart. */
const HOPELESS_FAILURES = 7;
/** A backup may hear of a log-in a moment after the primary: not asked again at once. */
const UNKNOWN_SESSION_FAILURES = 3;
/** After these another socket may be the better one. */
const TELLS_OF_LINKS: ReadonlySet<PushEvent> = new Set<PushEvent>([
  'session:ready',
  'session:ended',
  'cluster:changed',
]);

/** Keeps sockets to the server that requests go to, mostly the primary, and to one other or to all, and says which of them is which. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #listener: ConnectionsListener;
  readonly #tries: AddressTries;
  readonly #news: LinkNews;
  readonly #spread: SpreadChoice | undefined;
  #links: Link[] = [];
  #target: Link | undefined;
  #running = false;
  #reconciling = false;
  #again = false;
  #rotation = 0;
  /** Since a request was done, or a newer view was heard of. */
  #refusals = 0;
  #movedByChoice = false;
  #replaceFromMs = 0;
  #cancelWake: (() => void) | undefined;

  constructor(options: ConnectionsOptions, listener: ConnectionsListener) {
    this.#options = options;
    this.#listener = listener;
    this.#tries = new AddressTries(options.clock, options.random);
    const { knowledge, clock, random } = options;
    this.#news = new LinkNews({
      knowledge,
      clock,
      random,
      tries: this.#tries,
      openLinks: () => this.openLinks,
      drop: (link) => this.#drop(link),
      onNewer: () => {
        this.#refusals = 0;
      },
      onAnswered: () => this.reconcile(),
      onForeignCluster: (cluster) => listener.onForeignCluster(cluster),
    });
    this.#spread = options.spread ? new SpreadChoice(options.random.uint32()) : undefined;
  }

  /** The open link that requests go over: to the primary, unless they are spread. */
  get target(): Link | undefined {
    return this.#target;
  }

  /** By what name people are told of the target's server. */
  get targetName(): string | undefined {
    const { knowledge } = this.#options;
    if (!this.#target) return undefined;
    return this.#spread ? nameOf(this.#target, knowledge) : (knowledge.primary ?? nameOf(this.#target, knowledge));
  }

  /** Whether the target before this one was left although it served. */
  get movedByChoice(): boolean {
    return this.#movedByChoice;
  }

  get openLinks(): readonly Link[] {
    return this.#links.filter((link) => link.open && !link.foreign);
  }

  get tried(): ReadonlyMap<Address, Readonly<Tries>> {
    return this.#tries.all;
  }

  start(): void {
    this.#running = true;
    this.#news.start();
    this.#rotation = this.#options.random.between(0, 1024);
    this.reconcile();
  }

  stop(): void {
    this.#running = false;
    this.#cancelWake?.();
    for (const link of [...this.#links]) this.#drop(link);
  }

  /** Closes a socket; another takes its place as soon as the pause between tries allows. */
  reopen(link: Link, reason: string): void {
    if (link.closed) return;
    this.#tries.fail(link.address, reason);
    this.#rest(link, FAILED_REST_MS);
    this.#drop(link);
    this.reconcile();
  }

  /** Closes every socket and opens new ones, with the handshake as it is now. */
  restart(): void {
    for (const link of [...this.#links]) this.#drop(link);
    this.#tries.clear();
    this.reconcile();
  }

  /** The target put a request off for its own state. */
  onPutOff(link: Link, error: ChatError): void {
    const { knowledge, clock, random } = this.#options;
    const isElsewhere = link.spread && nameOf(link, knowledge) !== primaryAddress(knowledge);
    if (error.code !== 'not-primary' && !(isElsewhere && error.code === 'unavailable')) return;
    knowledge.followHint(error);
    if (isElsewhere) this.#rest(link, FAILED_REST_MS);
    const untilMs = clock.now() + backoffMs(RETRY_BACKOFF, this.#refusals, random);
    link.refused = { number: knowledge.number, untilMs };
    this.#refusals += 1;
    this.reconcile();
  }

  /** The target did what it was asked. */
  onDone(): void {
    this.#refusals = 0;
  }

  /** A log-in over this link was answered; the other sockets still stand on what was before. */
  onLoggedIn(link: Link, token: string): void {
    link.token = token;
    link.readyDueMs = this.#options.clock.now() + READY_DEADLINE_MS;
  }

  /** Brings sockets in line with what is known; called after everything that happens. */
  reconcile(): void {
    if (!this.#running) return;
    if (this.#reconciling) {
      this.#again = true;
      return;
    }
    this.#reconciling = true;
    let lookedAtMs = 0;
    do {
      this.#again = false;
      lookedAtMs = this.#options.clock.now();
      this.#spread?.update(this.#options.knowledge, this.#tries, lookedAtMs);
      this.#retarget();
      this.#closeUnfit();
      for (const link of [...surplusLinks(this.#scene()), ...mistakenLinks(this.#scene())]) this.#drop(link);
      this.#openMissing();
      if (!this.#target) this.#news.pollWhenLost();
      this.#listener.onChange();
    } while (this.#again && this.#running);
    this.#reconciling = false;
    if (this.#running) this.#scheduleWake(lookedAtMs);
  }

  #scene(): Scene {
    const { knowledge, clock, handshake, spreadReads, saysSpread, isForPrimary } = this.#options;
    return {
      links: this.#links,
      target: this.#target,
      knowledge,
      wanted: spreadReads ? Math.max(SOCKETS_WANTED, knowledge.cluster?.members.length ?? 0) : SOCKETS_WANTED,
      tries: this.#tries,
      nowMs: clock.now(),
      saysSpread,
      spread: this.#spread && { choice: this.#spread, isForPrimary: isForPrimary() },
      token: handshake().token,
      rotation: this.#rotation,
      replaceFromMs: this.#replaceFromMs,
    };
  }

  #retarget(): void {
    const next = chooseTarget(this.#scene());
    if (next === this.#target) return;
    this.#movedByChoice = this.#target !== undefined && next?.spread === true;
    this.#target = next;
    if (!next) return;
    next.readyDueMs = this.#options.clock.now() + READY_DEADLINE_MS;
    this.#news.onFound();
  }

  #closeUnfit(): void {
    for (const link of [...this.#links]) {
      const reason = whyUnfit(link, this.#scene());
      if (reason === undefined) continue;
      if (link.token === this.#scene().token) this.#rest(link, isOfNoUse(link) ? UNREADY_REST_MS : FAILED_REST_MS);
      if (link.ended !== undefined) this.#tries.fail(link.address, reason, UNKNOWN_SESSION_FAILURES);
      else if (link.token === this.#scene().token) this.#tries.fail(link.address, reason);
      this.#drop(link);
      this.#again = true;
    }
  }

  #openMissing(): void {
    for (;;) {
      const opening = nextToOpen(this.#scene(), (one) => this.#tries.isDue(one));
      if (opening === undefined) return;
      this.#open(opening);
    }
  }

  /** Requests are not to go there for a while, when they are spread. */
  #rest(link: Link, forMs: number): void {
    if (!link.spread) return;
    const { knowledge, clock } = this.#options;
    this.#spread?.rest(nameOf(link, knowledge), clock.now() + forMs);
  }

  #open({ address, spread }: Opening): void {
    const { clock, connect, handshake } = this.#options;
    this.#tries.begin(address);
    const shake = { ...handshake(), ...(spread ? { spread: true as const } : {}) };
    const connection = connect(address, shake, {
      onOpen: () => this.#onOpen(link),
      onPush: (event, payload) => this.#onPush(link, event, payload),
      onClosed: (reason, error) => this.#onClosed(link, reason, error),
    });
    const link = makeLink(address, connection, shake.token, clock.now(), spread);
    this.#links.push(link);
  }

  #onOpen(link: Link): void {
    if (link.closed) return;
    link.open = true;
    this.#news.ask(link);
    this.reconcile();
  }

  #onPush(link: Link, event: PushEvent, payload: unknown): void {
    if (link.closed) return;
    if (event === 'session:ready') {
      markReady(link, payload as SessionReady);
      this.#news.learn(link, (payload as SessionReady).cluster);
    } else if (event === 'cluster:changed') {
      this.#news.learn(link, payload as Cluster);
    } else if (event === 'session:ended') {
      link.ended = (payload as { reason: string }).reason;
    }
    if (link.closed) return;
    this.#listener.onPush(link, event, payload);
    // What is pushed with every message must not cost a look at every socket.
    if (TELLS_OF_LINKS.has(event)) this.reconcile();
  }

  #onClosed(link: Link, reason: string, error: ChatError | undefined): void {
    if (link.closed) return;
    if (link === this.#target) this.#replaceFromMs = this.#replacementDueMs();
    const hopeless = error !== undefined && !SERVER_STATE_CODES.has(error.code);
    this.#tries.fail(link.address, error?.message ?? reason, hopeless ? HOPELESS_FAILURES : 1);
    this.#rest(link, FAILED_REST_MS);
    if (!link.open) this.#rotation += 1;
    this.#drop(link);
    if (error && hopeless) this.#listener.onHandshakeRefused(link.address, error);
    this.reconcile();
  }

  #replacementDueMs(): number {
    const { clock, random } = this.#options;
    return clock.now() + Math.round(REPLACE_DELAY_MS * (0.75 + random.fraction() / 2));
  }

  #drop(link: Link): void {
    if (link.closed) return;
    link.closed = true;
    link.open = false;
    this.#links = this.#links.filter((other) => other !== link);
    if (this.#target === link) this.#target = undefined;
    link.connection.close();
    this.#listener.onClosed(link);
  }

  /**
   * One timer for all waits: the earliest moment at which {@link reconcile} could do something by itself.
   *
   * @param lookedAtMs when it last looked: a moment that came while it did was perhaps not seen, and nothing else would tell of it
   */
  #scheduleWake(lookedAtMs: number): void {
    const { clock } = this.#options;
    this.#cancelWake?.();
    const now = clock.now();
    const moments = coming(this.#scene());
    if (!this.#target && this.openLinks.length > 0) moments.push(this.#news.pollAtMs);
    const later = moments.filter((moment) => moment > lookedAtMs);
    if (later.length === 0) return;
    this.#cancelWake = clock.after(Math.max(1, Math.min(...later) - now), () => this.reconcile());
  }
}

/** Its server follows the primary and knows the log-in, and does not take requests all the same. */
function isOfNoUse({ open, ready, ended, lostSinceMs }: Link): boolean {
  return open && !ready && ended === undefined && lostSinceMs === undefined;
}
