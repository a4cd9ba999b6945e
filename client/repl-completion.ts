import type { Chat } from './chat-types.ts';
import { replVerbs } from './repl-commands.ts';
import { safeText } from './terminal-safe.ts';

/** Nobody who presses a key waits longer. */
const ASK_WITHIN_MS = 1500;

/** What may stand in the place of the last piece of a line: all of them begin with it, in capitals or small letters. */
export interface Completion {
  candidates: string[];
  piece: string;
}

/** What may follow what was typed so far: verbs, then names of users and rooms, as the servers know them. */
export async function completeReplLine(chat: Chat, line: string): Promise<Completion> {
  const typed = line.trimStart();
  const isSmall = /^[a-z]/.test(typed);
  const verbs = replVerbs().map(({ verb }) => (isSmall ? verb.toLowerCase() : verb));
  const begun = verbs.filter((verb) => verb.toLowerCase().startsWith(typed.toLowerCase()));
  if (begun.length > 0) return { candidates: begun.map((verb) => `${verb} `), piece: typed };
  const { parameter, piece } = parameterAt(typed);
  const names = await Promise.race([namesFor(chat, parameter, piece), nothingWithin(ASK_WITHIN_MS)]);
  const fitting = names.filter((name) => safeText(name) === name && !/\s/.test(name));
  return { candidates: [...new Set(fitting)].sort().map((name) => `${name} `), piece };
}

/** The parameter that the last word of a line is for; empty when it is for none that can be completed. */
function parameterAt(line: string): { parameter: string; piece: string } {
  const known = replVerbs().filter(({ verb }) => line.toLowerCase().startsWith(`${verb.toLowerCase()} `));
  // `ROOM JOIN` rather than a verb `ROOM`, if there were one.
  const command = known.sort((a, b) => b.verb.length - a.verb.length)[0];
  if (!command) return { parameter: '', piece: line };
  const words = line.slice(command.verb.length).trimStart().split(/\s+/);
  return { parameter: command.parameters[words.length - 1] ?? '', piece: words.at(-1)! };
}

async function namesFor(chat: Chat, parameter: string, piece: string): Promise<string[]> {
  const bare = parameter.replace(/[[\]]/g, '');
  if (/[*?]/.test(piece)) return [];
  const wantsUsers = bare === 'USER' || (bare === 'NAME' && !piece.startsWith('#'));
  const wantsRooms = bare === 'ROOM' || (bare === 'NAME' && (piece === '' || piece.startsWith('#')));
  const [users, rooms] = await Promise.all([
    wantsUsers ? chat.listAccounts(`${piece}*`) : undefined,
    wantsRooms ? chat.listRooms(`${piece.startsWith('#') ? '' : '#'}${piece}*`) : undefined,
  ]);
  const names = users?.ok ? users.value.accounts.map(({ username }) => username) : [];
  if (!rooms?.ok) return names;
  // Where only a room can stand, its # may be left out.
  const isBare = piece !== '' && !piece.startsWith('#');
  return [...names, ...rooms.value.rooms.map(({ name }) => (isBare ? name.slice(1) : name))];
}

function nothingWithin(milliseconds: number): Promise<string[]> {
  return new Promise((resolve) => setTimeout(() => resolve([]), milliseconds).unref());
}
