import type { Message } from '../shared/api.ts';
import type { ErrorCode } from '../shared/errors.ts';
import type { ClientId } from '../shared/ids.ts';
import type { OutboxMessage } from './chat-types.ts';
import type { Left, Told } from './told.ts';

/** A message of the outbox as it is kept. */
export interface StoredMessage extends OutboxMessage {
  /** The username it was typed under: it is never sent under another. */
  from: string;
  /** It surely has not been done and waits for a log-in; it gets a new number then. */
  parked?: true;
  /** It was refused for good, which the user may not have been told yet: it is never sent again. */
  refused?: { code: ErrorCode; message: string };
}

export interface StoredSession {
  username: string;
  token: string;
}

/** The cluster whose positions and request numbers the store speaks of. */
export interface StoredCluster {
  id: string;
  epoch: number;
}

/** A conversation that its reader has seen up to a position. */
export interface ReadMark {
  /** A username, or `#room`. */
  with: string;
  position: number;
}

/**
 * What was told to the user of the library, in order; `upTo` says that nothing else lies below that position, `left` that the
 * messages of a room are to be forgotten.
 */
export type ToldEvent = Told | { upTo: number } | { left: Left };

/**
 * What one running client must not forget. Everything but {@link ClientStore.addToOutbox} and `close` is done when the
 * call returns; what has to survive a power cut says so. Owned by one client at a time.
 */
export interface ClientStore {
  readonly clientId: ClientId;
  /** A server once answered `ok` to this client id. */
  readonly known: boolean;
  /** The client once spread its requests: its handshakes have to say so from then on (R28). */
  readonly spread: boolean;
  readonly session: StoredSession | undefined;
  readonly cluster: StoredCluster | undefined;
  /** Ascending by request number. */
  readonly outbox: readonly StoredMessage[];
  /** Up to here everything was told; undefined when nothing ever was. */
  readonly told: number | undefined;
  /** The highest position that the user of the library called received. */
  readonly received: number;
  /** Read marks that no server is known to have, one for each conversation. */
  readonly readMarks: readonly ReadMark[];

  /** A request number above all earlier ones of this client id; survives a power cut before it is returned. */
  takeNumber(): number;
  /** Resolves when the message survives a power cut; in the order of the calls. Rejects when it cannot be written. */
  addToOutbox(message: StoredMessage): Promise<void>;
  /** It was answered. May be forgotten by a power cut: the message is then resent under its number. */
  removeFromOutbox(request: number): void;
  /** Notes that the message was refused for good. Resolves when that survives a power cut: only then is the user told. */
  refuse(request: number, why: { code: ErrorCode; message: string }): Promise<void>;
  /** Notes that the message surely has not been done. */
  park(request: number): void;
  /** Puts these in the place of the whole outbox, at once and surviving a power cut. */
  replaceOutbox(messages: readonly StoredMessage[]): void;
  /**
   * Starts over as another client, which has not been known to a server yet: this outbox, and numbers from 1. At once,
   * surviving a power cut.
   * @param numbered numbers up to here are taken, besides those of the messages
   */
  renew(clientId: ClientId, messages: readonly StoredMessage[], numbered: number): void;
  markKnown(): void;
  /** Survives a power cut when the call returns. */
  markSpread(): void;
  saveSession(session: StoredSession | undefined): void;
  saveCluster(cluster: StoredCluster): void;
  saveReceived(position: number): void;
  /** Takes the place of an earlier mark of the same conversation. May be forgotten by a power cut. */
  saveReadMark(mark: ReadMark): void;
  /** The servers have it. */
  forgetReadMark(conversation: string): void;
  /** Appends to what was told; may be forgotten by a crash, and is then told again after the next start. */
  tell(event: ToldEvent): void;
  /** The newest messages that were told and not deleted since, as they are now, oldest first. */
  history(limit: number): Message[];
  /** Forgets what was told, `told`, `received` and `readMarks`. */
  forgetHistory(): void;
  /** Writes everything down and lets another process take the store. */
  close(): Promise<void>;
}
