/** The requests of a simulated client that are written down. */
export type AskedEvent =
  | 'account:create'
  | 'session:open'
  | 'session:close'
  | 'account:delete'
  | 'message:send'
  | 'message:delete'
  | 'message:history'
  | 'account:list';

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
      kind: 'message' | 'message-deleted';
      value: Record<string, unknown>;
    }
  /** A message stands in the outbox, and its user sees it there. */
  | { type: 'waiting'; atMs: number; client: string; body: string }
  /** A message of the outbox was refused for good, and its user was told so. */
  | { type: 'gave-back'; atMs: number; client: string; body: string }
  | { type: 'crashed' | 'started'; atMs: number; client: string };

export type CallResult =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; error: { code: string; definite: boolean; message: string } };
