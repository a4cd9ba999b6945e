import { describe, expect, it } from 'vitest';
import type { ClientId } from '../../../shared/ids.ts';
import { REQUESTS_IN_FLIGHT } from '../../../shared/limits.ts';
import { entryAt } from '../../state/chat-log.ts';
import { Violation } from '../checkers.ts';
import { ForgottenChecker } from './forgotten-checker.ts';

const client = 'a client' as ClientId;

function send(request: number) {
  return { client, request, event: 'message:send' as const };
}

/** A checker that has seen one request of the client. */
function checkerAfter(request: number): ForgottenChecker {
  const checker = new ForgottenChecker();
  checker.onAsked(send(request));
  return checker;
}

describe('R18: what is called forgotten, or overtaken', () => {
  it('a message within the numbers that servers remember is a violation, one below them is not', () => {
    const checker = checkerAfter(1000);
    checker.onAsked(send(2));
    const oldest = 1000 - REQUESTS_IN_FLIGHT + 1;
    expect(() => checker.onRefused(send(oldest), 'request-forgotten')).toThrow(Violation);
    expect(() => checker.onRefused(send(1000), 'request-forgotten')).toThrow(Violation);
    expect(() => checker.onRefused(send(oldest - 1), 'request-forgotten')).not.toThrow();
  });

  it('another refusal, and a log-in, are none', () => {
    const checker = checkerAfter(3);
    expect(() => checker.onRefused(send(2), 'no-such-account')).not.toThrow();
    expect(() => checker.onRefused({ client, request: 2, event: 'session:open' }, 'request-forgotten')).not.toThrow();
  });

  it('what is overtaken is never in the log', () => {
    const checker = checkerAfter(3);
    checker.onRefused(send(2), 'overtaken');
    const common = { client, event: 'message:send' as const, account: '1' as never, subject: '1' };
    const other = entryAt(1, { ...common, id: 'm1', request: 3 });
    expect(checker.brokenBy([other])).toBeNull();
    expect(checker.brokenBy([other, entryAt(2, { ...common, id: 'm2', request: 2 })])).toContain('is operation 2');
  });
});
