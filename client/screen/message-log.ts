import type { Message } from '../../shared/api.ts';

/** A message as the screen keeps it: `fresh` ones were told as an event and count as unread until they are shown. */
export interface KeptMessage extends Message {
  readonly fresh: boolean;
}

/**
 * The messages of a conversation in the order of positions. Kept in short runs, so that adding one to 100,000 copies a
 * few hundred references and not all of them.
 */
export interface MessageLog {
  readonly runs: readonly (readonly KeptMessage[])[];
  readonly size: number;
}

export const EMPTY_LOG: MessageLog = { runs: [], size: 0 };
const RUN_LENGTH = 256;

/** The message at `index`, counted from the oldest; undefined outside. */
export function messageAt(log: MessageLog, index: number): KeptMessage | undefined {
  let left = index;
  if (left < 0 || left >= log.size) return undefined;
  for (const run of log.runs) {
    if (left < run.length) return run[left];
    left -= run.length;
  }
  return undefined;
}

/** How many messages stand below `position`: also the index of the first one that doesn't. */
export function countBelow(log: MessageLog, position: number): number {
  let count = 0;
  for (const run of log.runs) {
    if (run.at(-1)!.position < position) {
      count += run.length;
      continue;
    }
    let low = 0;
    let high = run.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (run[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return count + low;
  }
  return count;
}

/** The message at exactly this position. */
export function messageAtPosition(log: MessageLog, position: number): KeptMessage | undefined {
  const message = messageAt(log, countBelow(log, position));
  return message?.position === position ? message : undefined;
}

/** The log with the message in its place; the same log when that position is taken. */
export function withMessage(log: MessageLog, message: KeptMessage): MessageLog {
  const runIndex = log.runs.findIndex((run) => run.at(-1)!.position >= message.position);
  if (runIndex === -1) {
    const last = log.runs.at(-1);
    const runs =
      last && last.length < RUN_LENGTH ? [...log.runs.slice(0, -1), [...last, message]] : [...log.runs, [message]];
    return { runs, size: log.size + 1 };
  }
  const run = log.runs[runIndex]!;
  const place = run.findIndex((other) => other.position >= message.position);
  if (run[place]!.position === message.position) return log;
  const grown = [...run.slice(0, place), message, ...run.slice(place)];
  const half = grown.length >> 1;
  const pieces = grown.length > 2 * RUN_LENGTH ? [grown.slice(0, half), grown.slice(half)] : [grown];
  return { runs: [...log.runs.slice(0, runIndex), ...pieces, ...log.runs.slice(runIndex + 1)], size: log.size + 1 };
}

/** The log in which the message with this position is another one (of the same position). */
export function withReplaced(log: MessageLog, message: KeptMessage): MessageLog {
  const runs = log.runs.map((run) =>
    run.some((other) => other.position === message.position)
      ? run.map((other) => (other.position === message.position ? message : other))
      : run,
  );
  return { runs, size: log.size };
}

/** The message with this id; found by looking through all of them. */
export function findById(log: MessageLog, id: string): KeptMessage | undefined {
  for (const run of log.runs) {
    const found = run.find((message) => message.id === id);
    if (found) return found;
  }
  return undefined;
}

/** The log without the message with this id; the same log when there is none. */
export function withoutMessage(log: MessageLog, id: string): MessageLog {
  const runIndex = log.runs.findIndex((run) => run.some((message) => message.id === id));
  if (runIndex === -1) return log;
  const rest = log.runs[runIndex]!.filter((message) => message.id !== id);
  const runs = [...log.runs.slice(0, runIndex), ...(rest.length > 0 ? [rest] : []), ...log.runs.slice(runIndex + 1)];
  return { runs, size: log.size - 1 };
}

/** The newest message for which `wanted` holds, looking backwards from the end. */
export function findLast(log: MessageLog, wanted: (message: KeptMessage) => boolean): KeptMessage | undefined {
  for (let index = log.runs.length - 1; index >= 0; index--) {
    const found = log.runs[index]!.findLast(wanted);
    if (found) return found;
  }
  return undefined;
}
