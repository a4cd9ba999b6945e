import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.ts';
import { Violation } from '../checkers.ts';
import { SocketMarks } from './socket-marks.ts';

const DONE = { ok: true };
const refusal = (code: ErrorCode) => ({ ok: false, error: { code } });

/** What is known of a socket whose request 5 was refused. */
function refusedWith(code: ErrorCode): SocketMarks {
  const marks = new SocketMarks();
  marks.onRequest(5, 5)(refusal(code));
  return marks;
}

describe('R18: what a socket is answered after a refusal for the server’s own state', () => {
  it('a later number that is served is a violation', () => {
    const onReply = refusedWith('not-primary').onRequest(6, 5);
    expect(() => onReply(DONE)).toThrow(Violation);
  });

  it('so it is when another was refused in between, for the same reason', () => {
    const marks = refusedWith('not-primary');
    marks.onRequest(6, 5)(refusal('not-primary'));
    const onReply = marks.onRequest(7, 5);
    expect(() => onReply(DONE)).toThrow(Violation);
  });

  it('not after the refused one came again, or when its client waits for it no longer', () => {
    const again = refusedWith('unavailable');
    again.onRequest(5, 5);
    expect(() => again.onRequest(6, 5)(DONE)).not.toThrow();
    expect(() => refusedWith('unavailable').onRequest(6, 6)(DONE)).not.toThrow();
  });

  it('a refusal of a sending that was followed by another one counts for nothing', () => {
    const marks = new SocketMarks();
    const onFirst = marks.onRequest(5, 5);
    const onSecond = marks.onRequest(5, 5);
    onFirst(refusal('unavailable'));
    expect(() => onSecond(DONE)).not.toThrow();
    expect(() => marks.onRequest(6, 5)(DONE)).not.toThrow();
  });

  it('so does one while an earlier sending of the same number is under way', () => {
    const marks = new SocketMarks();
    const onFirst = marks.onRequest(5, 5);
    const onLater = marks.onRequest(6, 5);
    marks.onRequest(5, 5)(refusal('unavailable'));
    expect(() => onFirst(DONE)).not.toThrow();
    expect(() => onLater(DONE)).not.toThrow();
  });

  it('when all sendings of a number were refused, it counts as refused', () => {
    const marks = new SocketMarks();
    const onFirst = marks.onRequest(5, 5);
    const onLater = marks.onRequest(6, 5);
    marks.onRequest(5, 5)(refusal('unavailable'));
    onFirst(refusal('unavailable'));
    expect(() => onLater(DONE)).toThrow(Violation);
  });

  it('an earlier number, a read, and what follows an answer are none', () => {
    expect(() => refusedWith('not-primary').onRequest(4, 4)(DONE)).not.toThrow();
    expect(() => refusedWith('not-primary').onRequest(undefined, undefined)(DONE)).not.toThrow();
    expect(() => refusedWith('no-such-account').onRequest(6, 5)(DONE)).not.toThrow();
  });
});
