import type { Submission } from '../../../server/engine/engine.ts';
import { REQUESTS_IN_FLIGHT } from '../../../shared/limits.ts';
import type { LogEntry } from '../../../shared/operations.ts';
import { Violation } from '../checkers.ts';

type Request = Pick<Submission, 'client' | 'request' | 'event'>;

/**
 * R18: what a server says of requests that it has no answer for. `request-forgotten` to a message that cannot have been
 * forgotten makes its client report as uncertain what is certain; and what is said to be overtaken is never done.
 */
export class ForgottenChecker {
  readonly #highest = new Map<string, number>();
  readonly #overtaken = new Map<string, string>();

  /** A request has reached a server. */
  onAsked({ client, request }: Request): void {
    this.#highest.set(client, Math.max(request, this.#highest.get(client) ?? 0));
  }

  /** @throws Violation when the number is within reach of what every server remembers */
  onRefused({ client, request, event }: Request, code: string): void {
    const key = keyOf(client, request);
    if (code === 'overtaken') this.#overtaken.set(key, event);
    const highest = this.#highest.get(client) ?? 0;
    if (code !== 'request-forgotten' || !event.startsWith('message:')) return;
    if (request <= highest - REQUESTS_IN_FLIGHT) return;
    throw new Violation(
      `R18: ${event} ${key} is called forgotten, and the highest number of that client is ${highest}`,
    );
  }

  /** @returns a sentence about a request that was done although it was said to be overtaken; null when there is none */
  brokenBy(committed: readonly LogEntry[]): string | null {
    const done = committed.find(({ client, request }) => this.#overtaken.has(keyOf(client, request)));
    if (!done) return null;
    const key = keyOf(done.client, done.request);
    return `R18: ${done.event} ${key} is operation ${done.op}, but its client was told that it was overtaken`;
  }
}

function keyOf(client: string, request: number): string {
  return `${client}/${request}`;
}
