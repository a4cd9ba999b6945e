import type { LogEntry } from '../../../shared/operations.ts';
import type { ClientEvent } from '../client-events.ts';

/** So long after it is shown as waiting a message is on the disk of its client. */
const KEPT_MS = 3;

/**
 * What is shown as waiting survives a crash of the client: once it has been back and all is well, each such message is in the log, or
 * its user was told that it is not. Texts of messages differ. A client whose folder was lost goes on under another name.
 *
 * @param events of all clients, up to when nobody waits for anything any more
 * @returns null when nothing that was kept is missing, else a sentence
 */
export function checkKept(events: readonly ClientEvent[], committed: readonly LogEntry[]): string | null {
  const done = new Set(committed.flatMap(({ event, body }) => (event === 'message:send' ? [body] : [])));
  const told = new Set(events.flatMap((event) => (event.type === 'gave-back' ? [event.body] : [])));
  const lastCrash = new Map(
    events.flatMap((event, index) => (event.type === 'crashed' ? [[event.client, index]] : [])),
  );
  const lastStart = new Map(
    events.flatMap((event, index) => (event.type === 'started' ? [[event.client, index]] : [])),
  );
  for (const { client, body } of openAtCrashes(events)) {
    const isBack = (lastStart.get(client) ?? -1) > lastCrash.get(client)!;
    if (isBack && !done.has(body) && !told.has(body))
      return `lost: "${body}" was waiting, ${client} crashed and came back, and it is neither sent nor given back`;
  }
  return null;
}

interface OpenMessage {
  readonly client: string;
  readonly body: string;
}

/** Messages that were on the disk of their client, and not answered, when it crashed. */
function openAtCrashes(events: readonly ClientEvent[]): OpenMessage[] {
  const bodies = new Map<number, unknown>();
  const waiting = new Map<unknown, { client: string; body: string; atMs: number }>();
  const open: OpenMessage[] = [];
  for (const event of events) {
    if (event.type === 'asked' && event.event === 'message:send') bodies.set(event.call, event.ask.body);
    else if (event.type === 'waiting') waiting.set(event.body, event);
    else if (event.type === 'answered') waiting.delete(bodies.get(event.call));
    else if (event.type === 'crashed') {
      for (const { client, body, atMs } of [...waiting.values()]) {
        if (client !== event.client) continue;
        waiting.delete(body);
        if (event.atMs - atMs >= KEPT_MS) open.push({ client, body });
      }
    }
  }
  return open;
}
