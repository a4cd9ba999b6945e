import type { Handshake, RequestEvent, RequestOf, ServerToClientEvents } from '../shared/api.ts';
import type { ChatError } from '../shared/errors.ts';
import type { Address } from '../shared/ids.ts';

export type PushEvent = keyof ServerToClientEvents;

/** What a connection tells of itself, in order: `onOpen` at most once, `onClosed` exactly once and last. */
export interface ConnectionListener {
  /** The handshake was accepted. */
  onOpen(): void;
  /** Something that the server pushed; the payload is what came over the wire, unchecked. */
  onPush(event: PushEvent, payload: unknown): void;
  /** It could not be opened or broke; `error` when the server refused the handshake with a code. Not called after `close`. */
  onClosed(reason: string, error?: ChatError): void;
}

/** One connection to one server. It never reconnects by itself. */
export interface Connection {
  /**
   * Sends a request; may be called between `onOpen` and `onClosed`. `answer` gets what the server acknowledged with,
   * unchecked, or is never called when the connection breaks first.
   */
  request<E extends RequestEvent>(event: E, payload: RequestOf<E>, answer: (reply: unknown) => void): void;
  close(): void;
}

/** Opens a connection. Calls nothing of the listener before it has returned. */
export type Transport = (address: Address, handshake: Handshake, listener: ConnectionListener) => Connection;
