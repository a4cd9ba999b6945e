import type { Result } from '../shared/errors.ts';
import { type CommandEntry, columns, parseCommand, typedWords } from './commands.ts';

export type AccountCommand =
  | { type: 'create' | 'login'; username: string; password: string }
  | { type: 'logout' | 'logout-everywhere' }
  | { type: 'delete-account'; password: string }
  | { type: 'password'; password: string; newPassword: string }
  | { type: 'name'; displayName?: string }
  | { type: 'block' | 'unblock'; username: string };

export type MessageCommand =
  | { type: 'send'; to: string; body: string }
  | { type: 'reply' | 'edit'; id: string; body: string }
  | { type: 'delete'; id: string }
  | { type: 'react' | 'unreact'; id: string; reaction: string }
  | { type: 'read'; with: string };

export type RoomCommand =
  | { type: 'room-create' | 'room-topic'; room: string; topic?: string }
  | { type: 'room-join' | 'room-leave' | 'room-delete'; room: string }
  | { type: 'room-remove' | 'room-readmit'; room: string; username: string };

export type ShowCommand =
  | { type: 'message'; id: string }
  | { type: 'history'; with?: string }
  | { type: 'search'; with?: string; text: string }
  | { type: 'settings' | 'status' | 'help' };

export type ListCommand =
  | { type: 'list' | 'room-list'; pattern?: string }
  | { type: 'conversations' }
  | { type: 'room-members'; room: string };

export type DocumentCommand =
  | { type: 'document-set'; key: string; json: string }
  | { type: 'document-get' | 'document-delete'; key: string };

/** What a line of the line mode asks for. */
export type ReplCommand =
  | DocumentCommand
  | AccountCommand
  | MessageCommand
  | RoomCommand
  | ShowCommand
  | ListCommand
  | { type: 'quit' };

/** A row of the table; `fields` of the command, in the order of the parameters. What is not typed is left out. */
function row(
  type: ReplCommand['type'],
  verb: string,
  parameters: string,
  help: string,
  ...fields: string[]
): CommandEntry<ReplCommand> {
  const build = (words: readonly string[]): ReplCommand => {
    const typed = fields.flatMap((field, index) => (words[index] === undefined ? [] : [[field, words[index]]]));
    return { type, ...Object.fromEntries(typed) } as ReplCommand;
  };
  return { verb, parameters, help, build };
}

const REPL_TABLE: readonly CommandEntry<ReplCommand>[] = [
  row(
    'create',
    'CREATE',
    'USER PASSWORD',
    'make an account and log in; a password with spaces: \'…\' or "…"',
    'username',
    'password',
  ),
  row('login', 'LOGIN', 'USER PASSWORD', 'log in', 'username', 'password'),
  row('send', 'SEND', 'NAME TEXT', 'send TEXT to NAME: a user, or a #room', 'to', 'body'),
  row('reply', 'REPLY', 'ID TEXT', 'answer a message, where it stands', 'id', 'body'),
  row('edit', 'EDIT', 'ID TEXT', 'change the text of one of your messages', 'id', 'body'),
  {
    verb: 'DELETE',
    parameters: 'ID',
    help: 'delete one of your messages, or any in a room of yours',
    // Ids of messages have no hyphens, keys of documents have four.
    build: ([named = '']) =>
      /^[0-9a-f]+$/i.test(named) ? { type: 'delete', id: named } : { type: 'document-delete', key: named },
  },
  row('react', 'REACT', 'ID REACTION', 'react to a message, with an emoji or a word', 'id', 'reaction'),
  row('unreact', 'UNREACT', 'ID REACTION', 'take that back', 'id', 'reaction'),
  row('message', 'MESSAGE', 'ID', 'show a message as it is now', 'id'),
  row('history', 'HISTORY', '[NAME]', 'show the newest messages, of all or of one conversation', 'with'),
  row('search', 'SEARCH', 'TEXT', 'look for TEXT in all messages, the newest first', 'text'),
  row('search', 'SEARCH-WITH', 'NAME TEXT', 'look for TEXT in one conversation', 'with', 'text'),
  row('conversations', 'CONVERSATIONS', '', 'list your conversations, and what is unread there'),
  row('read', 'READ', 'NAME', 'say that you have read a conversation', 'with'),
  row('list', 'LIST', '[PATTERN]', 'list accounts; * and ? stand for letters', 'pattern'),
  row('room-list', 'ROOM LIST', '[PATTERN]', 'list rooms, likewise', 'pattern'),
  row('room-create', 'ROOM CREATE', 'ROOM [TOPIC]', 'make a room, which is then yours', 'room', 'topic'),
  row('room-join', 'ROOM JOIN', 'ROOM', 'become a member of a room', 'room'),
  row('room-leave', 'ROOM LEAVE', 'ROOM', 'leave a room; the last one deletes it', 'room'),
  row('room-topic', 'ROOM TOPIC', 'ROOM [TOPIC]', 'say what a room of yours is about', 'room', 'topic'),
  row('room-members', 'ROOM MEMBERS', 'ROOM', 'list who is in a room', 'room'),
  row('room-remove', 'ROOM REMOVE', 'ROOM USER', 'remove somebody from a room of yours', 'room', 'username'),
  row('room-readmit', 'ROOM READMIT', 'ROOM USER', 'let them join again', 'room', 'username'),
  row('room-delete', 'ROOM DELETE', 'ROOM', 'delete a room of yours with all its messages', 'room'),
  row('block', 'BLOCK', 'USER', 'get nothing from USER directly any more', 'username'),
  row('unblock', 'UNBLOCK', 'USER', 'take that back', 'username'),
  row('settings', 'SETTINGS', '', 'show your display name, blocks and log-ins'),
  row('name', 'NAME', '[TEXT]', 'be shown as TEXT, or by your username alone', 'displayName'),
  row('password', 'PASSWORD', 'OLD NEW', 'change your password; all your other log-ins end', 'password', 'newPassword'),
  row('document-set', 'SET', 'KEY JSON', "keep JSON, or 'JSON', as the document KEY, a UUID4", 'key', 'json'),
  row('document-get', 'GET', 'KEY', 'show the document KEY', 'key'),
  // Never found by its verb, which stands above: here for the help.
  row('document-delete', 'DELETE', 'KEY', 'delete the document KEY', 'key'),
  row('logout', 'LOGOUT', '', 'log out'),
  row('logout-everywhere', 'LOGOUT-EVERYWHERE', '', 'log out on all devices'),
  row('delete-account', 'DELETE-ACCOUNT', 'PASSWORD', 'delete your account, for good', 'password'),
  row('status', 'STATUS', '', 'show the servers'),
  row('help', 'HELP', '', 'show this list'),
  row('quit', 'QUIT', '', 'leave the program'),
];

/** A line for each command of the line mode: how it is typed, two or more spaces, what it does. */
export function replHelpLines(): string[] {
  return columns(REPL_TABLE.map(({ verb, parameters, help }) => [`${verb} ${parameters}`.trim(), help]));
}

/**
 * What a line of the line mode means; verbs may be in capitals or small letters.
 *
 * @returns the command, or `bad-request` with what is wrong and the nearest command
 */
export function parseReplLine(line: string): Result<ReplCommand> {
  return parseCommand(REPL_TABLE, line.trimStart(), { sign: '', help: 'HELP' });
}

/** Parameters that are typed unseen where that is possible, and kept in no file. */
const SECRETS: ReadonlySet<string> = new Set(['PASSWORD', 'OLD', 'NEW']);

/** A line of the line mode, as far as its passwords are concerned. */
export interface SecretLine {
  /** The line without its passwords. */
  shown: string;
  /** The passwords that are not typed yet, when nothing else is missing. */
  missing: readonly string[];
  /** The command, once these were asked for. */
  build: (answers: readonly string[]) => ReplCommand;
}

/** What a line says of passwords; undefined when it names no command that takes any. */
export function secretLine(line: string): SecretLine | undefined {
  const typed = typedWords(REPL_TABLE, line.trimStart());
  const first = typed?.parameters.findIndex((name) => SECRETS.has(name)) ?? -1;
  if (!typed || first < 0) return undefined;
  const { entry, parameters, words } = typed;
  const isOpen = words.length >= first && words.length < parameters.length;
  return {
    shown: [entry.verb, ...words.slice(0, first)].join(' '),
    missing: isOpen ? parameters.slice(words.length) : [],
    build: (answers) => entry.build([...words, ...answers]),
  };
}

/** The verbs of the line mode and their parameters, as the help has them. */
export function replVerbs(): { verb: string; parameters: readonly string[] }[] {
  return REPL_TABLE.map(({ verb, parameters }) => ({
    verb,
    parameters: parameters === '' ? [] : parameters.split(' '),
  }));
}
