import type { Message, Replies } from '../shared/api.ts';
import { type Result, success } from '../shared/errors.ts';

type Found = Result<Replies['message:search']>;

/**
 * The newest messages that hold a text, oldest first. Each answer looks at a bounded number of messages, so many may be asked for.
 *
 * @param ask for those below a position; without one, for the newest
 * @param limit how many are enough
 */
export async function searchBack(
  ask: (before: number | undefined) => Promise<Found>,
  limit: number,
): Promise<Result<Message[]>> {
  const found: Message[] = [];
  let before: number | undefined;
  for (;;) {
    const page: Found = await ask(before);
    if (!page.ok) return page;
    const { messages, position, more } = page.value;
    found.unshift(...messages);
    // A page that leads nowhere ends the search rather than asking for it for ever.
    if (found.length >= limit || !more || (before !== undefined && position >= before)) break;
    before = position;
  }
  return success(found.slice(-limit));
}
