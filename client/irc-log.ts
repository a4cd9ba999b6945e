import { MESSAGE_BODY_MAX_BYTES, USERNAME_MAX_CHARACTERS } from '../shared/limits.ts';
import { nameKey, normalizeUsername } from '../shared/names.ts';

/** A line of a channel's log. `number` counts from 1. */
export type LogLine =
  | { kind: 'said'; number: number; nick: string; text: string }
  /** `channel` is the one that somebody joined. */
  | { kind: 'event'; number: number; channel?: string }
  | { kind: 'action' | 'empty' | 'unknown'; number: number };

/** A line of the log that becomes a message. */
export interface PlannedMessage {
  /** Number of the line in the file. */
  line: number;
  /** A username. */
  from: string;
  /** A username, or the room. */
  to: string;
  body: string;
  /** The number of its sender's request: from 1, in the order of the file. */
  number: number;
  /** Of its sender's first one in the room: the number under which the room is made; under the next one it is joined. */
  enters?: number;
}

export interface ImportPlan {
  messages: PlannedMessage[];
  /** Usernames of all who speak, in the order of their first words. */
  accounts: string[];
  /** Nicks that are no usernames, and the name taken instead. */
  mapped: { nick: string; username: string }[];
  /** What is not sent, and how many lines of it. */
  skipped: Map<string, number>;
}

const SAID = /^\[\d{2}:\d{2}\] <([^>]+)> ?(.*)$/s;
const ACTION = /^\[\d{2}:\d{2}\] +\* /;
const ADDRESS = /^(\S+)[:,] /;
const JOINED = /^=== .*has joined (#\S+)$/;
const DATE = /\d{4}[-_.]?\d{2}[-_.]?\d{2}/g;
/** Of a log that gives no name to its channel. */
const NAMELESS = 'irc';

/** Reads one line: `[hh:mm] <nick> text`, `[hh:mm] * nick …`, or `=== …`. */
export function parseLogLine(line: string, number: number): LogLine {
  const said = SAID.exec(line);
  if (said) return { kind: 'said', number, nick: said[1]!, text: said[2]! };
  if (ACTION.test(line)) return { kind: 'action', number };
  if (line.startsWith('===')) {
    const channel = JOINED.exec(line)?.[1];
    return channel === undefined ? { kind: 'event', number } : { kind: 'event', number, channel };
  }
  return { kind: line.trim() === '' ? 'empty' : 'unknown', number };
}

/**
 * The room that stands for a log's channel: named after the file, dates left out (`2004-12-25_ubuntu.txt` is `#ubuntu`), or
 * when that leaves nothing, after the channel that was joined most often.
 *
 * @param fileName without folders
 */
export function roomOfLog(fileName: string, lines: readonly LogLine[]): string {
  const stem = fileName.replace(/\.[^.]*$/, '');
  const joined = new Map<string, number>();
  for (const line of lines) {
    if (line.kind === 'event' && line.channel) joined.set(line.channel, (joined.get(line.channel) ?? 0) + 1);
  }
  const [channel = ''] = [...joined].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const names = [stem.replace(DATE, ' '), channel, stem].map((text) => possibleName(text, USERNAME_MAX_CHARACTERS));
  return `#${names.find((name) => name !== '') ?? NAMELESS}`;
}

/**
 * Decides what of a log is sent, by whom and to whom: what is addressed to somebody directly, all else to the room. A
 * function of the lines and the room alone: a second run plans the same.
 */
export function planImport(lines: readonly LogLine[], room: string): ImportPlan {
  const nicks = [...new Set(lines.flatMap((line) => (line.kind === 'said' ? [line.nick] : [])))];
  const { usernames, mapped } = nameAll(nicks);
  const plan: ImportPlan = { messages: [], accounts: [...new Set(usernames.values())], mapped, skipped: new Map() };
  const counts = new Map<string, number>();
  const entered = new Set<string>();
  for (const line of lines) {
    const message = line.kind === 'said' ? planned(line, usernames, room) : SKIPPED[line.kind];
    if (typeof message === 'string') {
      plan.skipped.set(message, (plan.skipped.get(message) ?? 0) + 1);
      continue;
    }
    const next = (counts.get(message.from) ?? 0) + 1;
    const enters = message.to === room && !entered.has(message.from);
    if (enters) entered.add(message.from);
    const number = enters ? next + 2 : next;
    counts.set(message.from, number);
    plan.messages.push({ ...message, number, ...(enters ? { enters: next } : {}) });
  }
  return plan;
}

const SKIPPED = {
  action: 'actions',
  event: 'joins, parts and nick changes',
  empty: 'empty lines',
  unknown: 'lines in no known form',
} as const;

function planned(
  { nick, text, number }: LogLine & { kind: 'said' },
  usernames: ReadonlyMap<string, string>,
  room: string,
): Omit<PlannedMessage, 'number'> | string {
  const to = usernames.get(nameKey(ADDRESS.exec(text)?.[1] ?? '')) ?? room;
  if (text === '') return 'messages without a text';
  if (new TextEncoder().encode(text).length > MESSAGE_BODY_MAX_BYTES) return 'messages that are too long';
  if (text.includes('\0')) return 'messages with a NUL character';
  return { line: number, from: usernames.get(nameKey(nick))!, to, body: text };
}

/** A username for each nick, by the nick's key. Nicks that are usernames keep theirs; the others take what is left. */
function nameAll(nicks: readonly string[]): { usernames: Map<string, string>; mapped: ImportPlan['mapped'] } {
  const usernames = new Map<string, string>();
  const taken = new Set<string>();
  const impossible: string[] = [];
  for (const nick of nicks) {
    const name = normalizeUsername(nick);
    if (!name.ok) {
      impossible.push(nick);
    } else if (!usernames.has(nameKey(nick))) {
      usernames.set(nameKey(nick), name.value);
      taken.add(nameKey(name.value));
    }
  }
  const mapped: ImportPlan['mapped'] = [];
  for (const nick of impossible) {
    if (usernames.has(nameKey(nick))) continue;
    const username = freeName(nick, taken);
    usernames.set(nameKey(nick), username);
    taken.add(nameKey(username));
    mapped.push({ nick, username });
  }
  // In the order of their first words, so that accounts are made in it.
  const inOrder = new Map(nicks.map((nick) => [nameKey(nick), usernames.get(nameKey(nick))!]));
  return { usernames: inOrder, mapped };
}

function allowedIn(text: string): string {
  return [...text.normalize('NFC')].filter((character) => normalizeUsername(`x${character}`).ok).join('');
}

/** What of a text may be a name; empty when nothing. */
function possibleName(text: string, maxCharacters: number): string {
  return [...allowedIn(text).replace(/^[-_.]+|[-_.]+$/g, '')].slice(0, maxCharacters).join('');
}

function freeName(nick: string, taken: ReadonlySet<string>): string {
  const stem = [...allowedIn(nick).replace(/^[-#]+/, '')].slice(0, USERNAME_MAX_CHARACTERS - 4).join('') || 'nick';
  for (let digits = 1; ; digits++) {
    const name = digits === 1 ? stem : `${stem}${digits}`;
    if (!taken.has(nameKey(name))) return name;
  }
}
