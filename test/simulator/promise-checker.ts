import type { Hello, PeerMessage } from '../../server/replication/messages.ts';
import { type Address, compareViews, formatView, NO_VIEW, sameView, type ViewNumber } from '../../shared/ids.ts';
import { type Incarnation, incarnationKey, sameIncarnation, type ViewFile } from '../../shared/views.ts';
import { Violation } from './checkers.ts';

/** What the checker asks a running server. */
export interface LeaseHolder {
  self(): Incarnation;
  /** Whether it would rely on a lease of that incarnation at this moment. */
  reliesOn(other: Incarnation): boolean;
}

interface Promised {
  readonly number: ViewNumber;
  readonly members: readonly Incarnation[];
  /** The view from which it was made. */
  readonly base: ViewNumber;
}

/**
 * Watches what is promised, granted and said on the wire: R2, R6, and that nothing is told before it is on disk.
 * Knows of every promise, also of those that their makers never told anybody.
 */
export class PromiseChecker {
  readonly #promised = new Map<string, Promised[]>();
  readonly #holders: () => Iterable<LeaseHolder>;

  /** @param holders all servers that run and are awake */
  constructor(holders: () => Iterable<LeaseHolder>) {
    this.#holders = holders;
  }

  /** R6c: a promise that leaves a member of the base out is durable, and that member no longer relies on the promiser. */
  onPromised(file: ViewFile, number: ViewNumber, members: readonly Incarnation[]): void {
    const made = this.#promised.get(incarnationKey(file)) ?? [];
    this.#promised.set(incarnationKey(file), [...made, { number, members, base: file.base?.number ?? NO_VIEW }]);
    for (const holder of this.#holders()) {
      const self = holder.self();
      const isListed = file.base?.members.some((member) => sameIncarnation(member, self)) ?? false;
      if (!isListed || self.id === file.id || lists(members, self)) continue;
      if (holder.reliesOn(file)) {
        throw new Violation(`R6c: ${file.id} promises ${formatView(number)} without ${self.id}, which holds its lease`);
      }
    }
  }

  /** R6d: what a clean death says about the dead one is true: while its base was not above the observer's, it kept to it. */
  onCleanDeath(observer: Incarnation, base: ViewNumber, dead: Incarnation): void {
    const made = this.#promisesWithout(dead, base, observer);
    const broken = made.find((promise) => compareViews(promise.base, base) <= 0);
    if (broken) {
      const text = `it had promised ${formatView(broken.number)} without ${observer.id}`;
      throw new Violation(`R6d: ${observer.id} takes the death of ${dead.id} for clean, but ${text}`);
    }
  }

  #promisesWithout(one: Incarnation, base: ViewNumber, other: Incarnation): Promised[] {
    const made = this.#promised.get(incarnationKey(one)) ?? [];
    return made.filter(({ number, members }) => compareViews(number, base) > 0 && !lists(members, other));
  }

  /** R1, R11: what a server says of itself when it meets another is on its disk. */
  onHello(file: ViewFile, hello: Hello): void {
    if (hello.self.incarnation > file.incarnation)
      throw new Violation(`R1: ${file.id} says hello as life ${hello.self.incarnation} before that is on disk`);
    if (hello.base) this.#requireInstalled(file, hello.base.number);
    if (compareViews(file.promised, hello.promised) < 0)
      throw new Violation(`R2: ${file.id} tells of ${formatView(hello.promised)} before it is promised on disk`);
  }

  /** What is said is on the disk of who says it. */
  onSend(file: ViewFile, to: Address, message: PeerMessage): void {
    switch (message.type) {
      case 'pong': {
        const member = file.base?.members.find(({ id }) => id === to);
        const [broken] = member ? this.#promisesWithout(file, message.base, member) : [];
        if (broken)
          throw new Violation(`R6a: ${file.id} grants ${to} a lease after promising ${formatView(broken.number)}`);
        break;
      }
      case 'start-view-change':
      case 'promise':
        if (!message.probe && compareViews(file.promised, message.number) < 0) {
          throw new Violation(`R2: ${file.id} promises ${formatView(message.number)} before it is on disk`);
        }
        break;
      case 'view-ok': {
        const isPending = file.pending.some(({ number }) => sameView(number, message.number));
        if (!isPending || !sameView(file.promised, message.number))
          throw new Violation(`R10: ${file.id} accepts ${formatView(message.number)} before it is on disk`);
        break;
      }
      case 'installed':
        this.#requireInstalled(file, message.record.number);
        break;
      case 'gossip':
        if (message.base) this.#requireInstalled(file, message.base.number);
        break;
      case 'prepare':
      case 'commit':
        this.#requireInstalled(file, message.view);
        break;
    }
  }

  #requireInstalled(file: ViewFile, number: ViewNumber): void {
    if (file.base && compareViews(file.base.number, number) >= 0) return;
    throw new Violation(`R11: ${file.id} tells of ${formatView(number)} before it is on disk`);
  }
}

function lists(members: readonly Incarnation[], one: Incarnation): boolean {
  return members.some((member) => sameIncarnation(member, one));
}
