import { type LogEvent, RELAYED_EVENTS } from '../../../shared/operations.ts';
import type { CheckedEvent } from './calls.ts';

const RELAYED: ReadonlySet<string> = new Set<LogEvent>(RELAYED_EVENTS);

/**
 * R28: whatever is refused to a client at any server leaves a row, and what such a client asks comes to the primary in order. So while it runs none of its
 * requests is overtaken; unless by documents, which are written although the log-in has ended that the requests before them wait for.
 */
export function checkOvertaken(events: readonly CheckedEvent[]): string | null {
  const atAnyServer = new Set<string>();
  const lastDocument = new Map<string, number>();
  const asked = new Map<number, string>();
  for (const event of events) {
    if (event.type === 'started') {
      if (event.spread) atAnyServer.add(event.client);
      else atAnyServer.delete(event.client);
    } else if (event.type === 'asked') {
      asked.set(event.call, event.event);
      if (event.event === 'document:set' || event.event === 'document:delete')
        lastDocument.set(event.client, event.call);
    } else if (event.type === 'answered') {
      const what = asked.get(event.call) ?? '';
      const isOvertaken = !event.result.ok && event.result.error.code === 'overtaken';
      const isBeforeDocument = (lastDocument.get(event.client) ?? 0) > event.call;
      if (isOvertaken && atAnyServer.has(event.client) && !isBeforeDocument && RELAYED.has(what))
        return `overtaken: ${what} of ${event.client} (call ${event.call}) is refused because something that was asked later was done`;
    }
  }
  return null;
}
