import { MESSAGE_BODY_MAX_BYTES, USERNAME_MAX_CHARACTERS } from '../shared/limits.ts';
import { nameKey, normalizeUsername } from '../shared/names.ts';

/** A line of a channel's log. `number` counts from 1. */
export type LogLine =
  | { kind: 'said'; number: number; nick: string; text: string }
  | { kind: 'action' | 'event' | 'empty' | 'unknown'; number: number };

/** A line of the log that becomes a direct message. */
export interface PlannedMessage {
  /** Number of the line in the file. */
  line: number;
  /** Usernames. */
  from: string;
  to: string;
  body: string;
  /** The how-manieth of its sender's messages it is, from 1. */
  number: number;
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

/** Reads one line: `[hh:mm] <nick> text`, `[hh:mm] * nick …`, or `=== …`. */
export function parseLogLine(line: string, number: number): LogLine {
  const said = SAID.exec(line);
  if (said) return { kind: 'said', number, nick: said[1]!, text: said[2]! };
  if (ACTION.test(line)) return { kind: 'action', number };
  if (line.startsWith('===')) return { kind: 'event', number };
  return { kind: line.trim() === '' ? 'empty' : 'unknown', number };
}

/** Decides what of a log is sent, by whom and to whom. A function of the lines alone: a second run plans the same. */
export function planImport(lines: readonly LogLine[]): ImportPlan {
  const nicks = [...new Set(lines.flatMap((line) => (line.kind === 'said' ? [line.nick] : [])))];
  const { usernames, mapped } = nameAll(nicks);
  const plan: ImportPlan = { messages: [], accounts: [...new Set(usernames.values())], mapped, skipped: new Map() };
  const counts = new Map<string, number>();
  for (const line of lines) {
    const message = line.kind === 'said' ? addressed(line, usernames) : SKIPPED[line.kind];
    if (typeof message === 'string') {
      plan.skipped.set(message, (plan.skipped.get(message) ?? 0) + 1);
      continue;
    }
    const number = (counts.get(message.from) ?? 0) + 1;
    counts.set(message.from, number);
    plan.messages.push({ ...message, number });
  }
  return plan;
}

const SKIPPED = {
  action: 'actions',
  event: 'joins, parts and nick changes',
  empty: 'empty lines',
  unknown: 'lines in no known form',
} as const;

function addressed(
  { nick, text, number }: LogLine & { kind: 'said' },
  usernames: ReadonlyMap<string, string>,
): Omit<PlannedMessage, 'number'> | string {
  const to = usernames.get(nameKey(ADDRESS.exec(text)?.[1] ?? ''));
  if (to === undefined) return 'messages to nobody in particular';
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

function freeName(nick: string, taken: ReadonlySet<string>): string {
  const possible = [...nick.normalize('NFC')].filter((character) => normalizeUsername(`x${character}`).ok).join('');
  const stem = [...possible.replace(/^[-#]+/, '')].slice(0, USERNAME_MAX_CHARACTERS - 4).join('') || 'nick';
  for (let digits = 1; ; digits++) {
    const name = digits === 1 ? stem : `${stem}${digits}`;
    if (!taken.has(nameKey(name))) return name;
  }
}
