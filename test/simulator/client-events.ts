import type { RequestEvent } from '../../shared/api.ts';

/** The requests of a simulated client that are written down. */
export type AskedEvent = Exclude<
  RequestEvent,
  'message:received' | 'conversation:read' | 'typing:set' | 'cluster:status'
>;

/** What has a place in the log, and is told in the order of positions, once. */
export type PositionedKind = 'message' | 'message-deleted' | 'message-edited' | 'message-reacted' | 'message-changed';

/** What is told of conversations, rooms and accounts, beside the messages. */
export type NewsKind =
  | 'conversations'
  | 'conversation-read'
  | 'room-changed'
  | 'room-joined'
  | 'room-left'
  | 'room-deleted'
  | 'account-changed'
  | 'account-blocked';

/** What a client of the simulation did and saw, in the order of simulated time. */
export type ClientEvent =
  | {
      type: 'asked';
      atMs: number;
      client: string;
      /** Tells the calls of all clients apart. */
      call: number;
      event: AskedEvent;
      ask: Record<string, unknown>;
    }
  | {
      type: 'answered';
      atMs: number;
      client: string;
      call: number;
      result: CallResult;
      /** The server was the primary when it got the request and when it answered. */
      servedAtPrimary?: boolean;
    }
  /** Pushed or replayed. */
  | {
      type: 'told';
      atMs: number;
      client: string;
      kind: PositionedKind;
      value: Record<string, unknown>;
    }
  | { type: 'heard'; atMs: number; client: string; kind: NewsKind; value: Record<string, unknown> }
  /** A message stands in the outbox, and its user sees it there. */
  | { type: 'waiting'; atMs: number; client: string; body: string }
  /** A message of the outbox was refused for good, and its user was told so. */
  | { type: 'gave-back'; atMs: number; client: string; body: string }
  | { type: 'crashed'; atMs: number; client: string }
  /** With `spread`: its requests go to any server (R28). */
  | { type: 'started'; atMs: number; client: string; spread?: boolean };

export type CallResult =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; error: { code: string; definite: boolean; message: string } };
