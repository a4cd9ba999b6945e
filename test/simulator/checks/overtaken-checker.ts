import { type LogEvent, RELAYED_EVENTS } from '../../../shared/operations.ts';
import type { CheckedEvent } from './calls.ts';

const RELAYED: ReadonlySet<string> = new Set<LogEvent>(RELAYED_EVENTS);

/**
 * R28: whatever is refused to a client at any server leaves a row, and what such a client asks comes to the primary in order. So while it runs none of its
 * requests is overtaken.
 */
export function checkOvertaken(events: readonly CheckedEvent[]): string | null {
  const atAnyServer = new Set<string>();
  const asked = new Map<number, string>();
  for (const event of events) {
    if (event.type === 'started') {
      if (event.spread) atAnyServer.add(event.client);
      else atAnyServer.delete(event.client);
    } else if (event.type === 'asked') asked.set(event.call, event.event);
    else if (event.type === 'answered') {
      const what = asked.get(event.call) ?? '';
      const isOvertaken = !event.result.ok && event.result.error.code === 'overtaken';
      if (isOvertaken && atAnyServer.has(event.client) && RELAYED.has(what))
        return `overtaken: ${what} of ${event.client} (call ${event.call}) is refused because something that was asked later was done`;
    }
  }
  return null;
}
