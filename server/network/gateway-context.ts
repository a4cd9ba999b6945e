import type { RequestEvent } from '../../shared/api.ts';
import type { ChatError, ErrorCode } from '../../shared/errors.ts';
import {
  CONNECTIONS_MAX,
  CONNECTIONS_PER_ADDRESS_MAX,
  LOGIN_DEADLINE_MS,
  LOGINS_PER_MINUTE,
  RATE_WINDOW_SECONDS,
  REQUESTS_PER_SECOND,
  UNREAD_BYTES_MAX,
} from '../../shared/limits.ts';
import type { Engine } from '../engine/engine.ts';
import type { Presence } from './gateway-presence.ts';
import type { Rates } from './gateway-rates.ts';
import type { Searches } from './gateway-search.ts';
import type { Passwords } from './passwords.ts';

/** What the gateway allows; by default what `shared/limits.ts` says. */
export interface GatewayLimits {
  connectionsMax: number;
  connectionsPerAddressMax: number;
  loginDeadlineMs: number;
  requestsPerSecond: number;
  rateWindowSeconds: number;
  loginsPerMinute: number;
  unreadBytesMax: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  connectionsMax: CONNECTIONS_MAX,
  connectionsPerAddressMax: CONNECTIONS_PER_ADDRESS_MAX,
  loginDeadlineMs: LOGIN_DEADLINE_MS,
  requestsPerSecond: REQUESTS_PER_SECOND,
  rateWindowSeconds: RATE_WINDOW_SECONDS,
  loginsPerMinute: LOGINS_PER_MINUTE,
  unreadBytesMax: UNREAD_BYTES_MAX,
};

/** What the handlers of requests work with. */
export interface GatewayContext {
  readonly engine: Engine;
  readonly passwords: Passwords;
  readonly presence: Presence;
  readonly rates: Rates;
  readonly searches: Searches;
  /** Verified against when there is no such account, so that this takes as long. */
  readonly unmatchable: string;
}

/** A reply that says no. */
export interface Refused {
  ok: false;
  error: ChatError;
}

/** A reply on its way out: `ok: true` with its fields, or a refusal. */
export type AnyReply = { ok: true } | Refused;

/** Sends the reply; `bytes` is about how long it is, where it may be long. To be called once. */
export type Answer = (reply: AnyReply, bytes?: number) => undefined;

/** What the gateway counts. */
export interface GatewayMetrics {
  /** A request was answered. */
  request(event: RequestEvent | 'unknown', code: 'ok' | ErrorCode, elapsedMs: number): void;
  /** Where to ask, whenever the numbers are wanted, how many client sockets there are. */
  watchSockets(count: () => SocketCount): void;
}

export interface SocketCount {
  open: number;
  loggedIn: number;
}
