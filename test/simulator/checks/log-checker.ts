import type { LogEntry } from '../../../shared/operations.ts';

/** I5, I9, and the times of day: what has to be true of the committed log whatever anybody asked for. */
export function checkLog(entries: readonly LogEntry[]): string | null {
  const executed = new Map<string, number>();
  const lastRequest = new Map<string, number>();
  let time = Number.NEGATIVE_INFINITY;
  for (const [index, entry] of entries.entries()) {
    const { op, client, request } = entry;
    if (op !== index + 1) return `gap: the committed history has operation ${op} in the place of ${index + 1}`;
    if (entry.time < time) return `time goes back: operation ${op} is of ${entry.time}, the one before it of ${time}`;
    time = entry.time;
    if (client === '') continue;
    const key = `${client}/${request}`;
    const earlier = executed.get(key);
    if (earlier !== undefined) return `done twice: request ${key} is operation ${earlier} and again operation ${op}`;
    executed.set(key, op);
    if (request < (lastRequest.get(client) ?? 0)) {
      return `order: request ${key} is operation ${op}, after request ${lastRequest.get(client)}`;
    }
    lastRequest.set(client, request);
  }
  return null;
}
