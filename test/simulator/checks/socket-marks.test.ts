import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { Violation } from '../checkers.ts';
import { SocketMarks } from './socket-marks.ts';

const refusal = (code: ErrorCode) => ({ ok: false, error: { code } });

/** What is known of a socket whose request 5 was refused. */
function refusedWith(code: ErrorCode): SocketMarks {
  const marks = new SocketMarks();
  marks.onRequest(5, 5);
  marks.onReply(5, refusal(code));
  return marks;
}

describe('R18: what a socket is answered after a refusal for the server’s own state', () => {
  it('a later number that is served is a violation', () => {
    const marks = refusedWith('not-primary');
    marks.onRequest(6, 5);
    expect(() => marks.onReply(6, { ok: true })).toThrow(Violation);
  });

  it('so it is when it was refused in between, for the same reason', () => {
    const marks = refusedWith('not-primary');
    marks.onReply(6, refusal('not-primary'));
    expect(() => marks.onReply(7, { ok: true })).toThrow(Violation);
  });

  it.each<[string, (marks: SocketMarks) => void]>([
    ['the refused one came again', (marks) => marks.onRequest(5, 5)],
    ['its client waits for it no longer', (marks) => marks.onRequest(6, 6)],
  ])('not after %s', (_what, act) => {
    const marks = refusedWith('unavailable');
    act(marks);
    expect(() => marks.onReply(6, { ok: true })).not.toThrow();
  });

  it('an earlier number, a read, and what follows an answer are none', () => {
    const marks = refusedWith('not-primary');
    expect(() => marks.onReply(4, { ok: true })).not.toThrow();
    expect(() => marks.onReply(undefined, { ok: true })).not.toThrow();
    expect(() => refusedWith('no-such-account').onReply(6, { ok: true })).not.toThrow();
  });
});
