/**
 * Error codes are the identity of an error; the sentence beside one may change at any time.
 * `definite: true` says that the thing surely did not happen; `false`, that it may have.
 */
export const ERROR_CODES = [
  'bad-request',
  'unsupported-protocol',
  'not-logged-in',
  'wrong-password',
  'username-taken',
  'invalid-username',
  'weak-password',
  'no-such-account',
  'no-such-message',
  'no-such-room',
  'invalid-room',
  'room-taken',
  'not-a-member',
  'blocked',
  'limit-reached',
  'invalid-key',
  'forbidden',
  'too-large',
  'rate-limited',
  'too-many-connections',
  'not-primary',
  'unavailable',
  'read-only',
  'overtaken',
  'request-forgotten',
  'internal',
] as const;

/** See PROTOCOL.md, "Errors", for when each is given and what to do. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes that tell of the server's state and not of the request: the same request may succeed later, or elsewhere. */
export const SERVER_STATE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'not-primary',
  'unavailable',
  'read-only',
  'rate-limited',
]);

/** What a refused request is answered with (see PROTOCOL.md, "Client protocol"). */
export interface ChatError {
  code: ErrorCode;
  /** One sentence for people: the offending value, what was expected, what to do. */
  message: string;
  /** True: it surely did not happen. False: it may have; send the same request number again. */
  definite: boolean;
  /** With `not-primary`: the primary's address as far as this server knows, and the view it knows that from. */
  primary?: string;
  epoch?: number;
  view?: number;
}

/** A value or the reason why there is none. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: ChatError };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A refusal: the thing surely did not happen. */
export function refusal(code: ErrorCode, message: string): { ok: false; error: ChatError } {
  return { ok: false, error: { code, message, definite: true } };
}
