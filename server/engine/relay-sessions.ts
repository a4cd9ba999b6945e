import type { Address } from '../../shared/ids.ts';
import type { RelayedRequest, RelayMessage } from '../replication/messages.ts';

interface Session {
  /** Which life of the sender, in which view. */
  readonly of: string;
  readonly number: number;
  /** How many requests were taken. */
  taken: number;
  isOver: boolean;
}

/**
 * R28, at the primary: which requests of a follower may be taken. In a session they are taken in order and without a gap, and once one
 * was refused for the primary's own state, or is missing, none that comes later.
 */
export class RelaySessions {
  readonly #sessions = new Map<Address, Session>();

  /**
   * @param of names the life of the sender and the view
   * @returns the requests to be judged, in order; undefined when the message belongs to a session that is over, or is missing something
   */
  take(from: Address, of: string, { session, first, requests }: RelayMessage): readonly RelayedRequest[] | undefined {
    const known = this.#sessions.get(from);
    if (known?.of === of && session < known.number) return [];
    const isNew = known?.of !== of || session > known.number;
    const current = isNew ? { of, number: session, taken: 0, isOver: false } : known;
    this.#sessions.set(from, current);
    if (first > current.taken) current.isOver = true;
    if (current.isOver) return undefined;
    const fresh = requests.slice(current.taken - first);
    current.taken += fresh.length;
    return fresh;
  }

  isOver(from: Address, of: string, session: number): boolean {
    const known = this.#sessions.get(from);
    return known?.of !== of || known.number !== session || known.isOver;
  }

  /** Nothing more is taken in that session. @returns false when it was over already, or another one has begun */
  end(from: Address, of: string, session: number): boolean {
    if (this.isOver(from, of, session)) return false;
    this.#sessions.get(from)!.isOver = true;
    return true;
  }
}
