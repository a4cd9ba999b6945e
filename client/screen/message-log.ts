import type { Message } from '../../shared/api.ts';

/** A message as the screen keeps it: `fresh` ones were told as an event, `deleted` ones have lost their text. */
export interface KeptMessage extends Message {
  readonly fresh: boolean;
  readonly deleted?: true;
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
  if (index < 0 || index >= log.size) return undefined;
  return index < log.size / 2 ? fromStart(log, index) : fromEnd(log, log.size - 1 - index);
}

function fromStart(log: MessageLog, index: number): KeptMessage | undefined {
  let left = index;
  for (const run of log.runs) {
    if (left < run.length) return run[left];
    left -= run.length;
  }
  return undefined;
}

function fromEnd(log: MessageLog, behind: number): KeptMessage | undefined {
  let left = behind;
  for (let index = log.runs.length - 1; index >= 0; index--) {
    const run = log.runs[index]!;
    if (left < run.length) return run[run.length - 1 - left];
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
  if (position > newestPosition(log)) return undefined;
  const message = messageAt(log, countBelow(log, position));
  return message?.position === position ? message : undefined;
}

/** The log with the message in its place; the same log when that position is taken. */
export function withMessage(log: MessageLog, message: KeptMessage): MessageLog {
  const last = log.runs.at(-1);
  if (!last || last.at(-1)!.position < message.position) {
    const runs =
      last && last.length < RUN_LENGTH ? [...log.runs.slice(0, -1), [...last, message]] : [...log.runs, [message]];
    return { runs, size: log.size + 1 };
  }
  const runIndex = runIndexOf(log, message.position);
  const run = log.runs[runIndex]!;
  const place = run.findIndex((other) => other.position >= message.position);
  if (run[place]!.position === message.position) return log;
  const grown = [...run.slice(0, place), message, ...run.slice(place)];
  const half = grown.length >> 1;
  const pieces = grown.length > 2 * RUN_LENGTH ? [grown.slice(0, half), grown.slice(half)] : [grown];
  return { runs: [...log.runs.slice(0, runIndex), ...pieces, ...log.runs.slice(runIndex + 1)], size: log.size + 1 };
}

/** The run in which a message with this position stands or would stand; -1 when it would be a new one at the end. */
function runIndexOf(log: MessageLog, position: number): number {
  return log.runs.findIndex((run) => run.at(-1)!.position >= position);
}

/** The log in which the message with this position is another one (of the same position). */
export function withReplaced(log: MessageLog, message: KeptMessage): MessageLog {
  const runIndex = runIndexOf(log, message.position);
  const run = log.runs[runIndex];
  if (!run) return log;
  const changed = run.map((other) => (other.position === message.position ? message : other));
  return { runs: [...log.runs.slice(0, runIndex), changed, ...log.runs.slice(runIndex + 1)], size: log.size };
}

const runsById = new WeakMap<readonly KeptMessage[], ReadonlyMap<string, KeptMessage>>();

/** The message with this id. Runs never change, so that each is indexed once. */
export function findById(log: MessageLog, id: string): KeptMessage | undefined {
  for (let index = log.runs.length - 1; index >= 0; index--) {
    const run = log.runs[index]!;
    let byId = runsById.get(run);
    if (!byId) {
      byId = new Map(run.map((message) => [message.id, message]));
      runsById.set(run, byId);
    }
    const found = byId.get(id);
    if (found) return found;
  }
  return undefined;
}

/** The messages above a position, oldest first. */
export function messagesAbove(log: MessageLog, position: number): KeptMessage[] {
  const above: KeptMessage[][] = [];
  for (let index = log.runs.length - 1; index >= 0; index--) {
    const run = log.runs[index]!;
    if (run.at(-1)!.position <= position) break;
    above.unshift(run.filter((message) => message.position > position));
  }
  return above.flat();
}

/** Position of the newest message; 0 when there is none. */
export function newestPosition(log: MessageLog): number {
  return log.runs.at(-1)?.at(-1)?.position ?? 0;
}

/** The newest message for which `wanted` holds, looking backwards from the end. */
export function findLast(log: MessageLog, wanted: (message: KeptMessage) => boolean): KeptMessage | undefined {
  for (let index = log.runs.length - 1; index >= 0; index--) {
    const found = log.runs[index]!.findLast(wanted);
    if (found) return found;
  }
  return undefined;
}
