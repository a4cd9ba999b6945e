import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who proves something: the one that dialed, or the one that answered. */
type Side = 'dialer' | 'answerer';

/** A value used once, so that a proof heard on the wire proves nothing later. */
export function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/**
 * Shows that one knows the cluster's secret without saying it: HMAC-SHA-256 over both sides' nonces. The side is part
 * of it, so that neither can be made to prove for the other.
 */
export function proofOf(secret: string, side: Side, dialerNonce: string, answererNonce: string): string {
  return createHmac('sha256', secret).update(`${side}|${dialerNonce}|${answererNonce}`).digest('hex');
}

export function isProof(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether a remote address belongs to this machine's loopback range. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
