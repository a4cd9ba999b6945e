import { type Result, refusal, success } from '../../shared/errors.ts';
import { type CommandEntry, parseCommand } from '../commands.ts';

type Each<T extends string, Fields = object> = { [K in T]: { type: K } & Fields }[T];
type PlainVerb =
  | 'leave'
  | 'members'
  | 'delete-room'
  | 'delete'
  | 'password'
  | 'logout'
  | 'logout-everywhere'
  | 'delete-account'
  | 'cluster'
  | 'help'
  | 'quit';

/** What a line typed into the terminal UI asks for. */
export type Command =
  | { type: 'say'; body: string }
  | { type: 'msg'; to: string; body: string }
  | { type: 'to'; name: string }
  | { type: 'history'; with?: string }
  | Each<'list' | 'rooms', { pattern?: string }>
  | { type: 'join'; room: string }
  | { type: 'create'; room: string; topic: string }
  | Each<'remove' | 'readmit' | 'unblock', { name: string }>
  | Each<'block' | 'mute', { name?: string }>
  | Each<'topic' | 'name' | 'search', { text: string }>
  | Each<PlainVerb>;

type Table = readonly CommandEntry<Command>[];

function plain(verb: PlainVerb, help: string): CommandEntry<Command> {
  return { verb, parameters: '', help, build: () => ({ type: verb }) };
}

function optional(type: 'list' | 'rooms', pattern: string | undefined): Command {
  return pattern === undefined ? { type } : { type, pattern };
}

function named(type: 'block' | 'mute', name: string | undefined): Command {
  return name === undefined ? { type } : { type, name };
}

function room(name: string): string {
  return name.startsWith('#') ? name : `#${name}`;
}

const MESSAGES: Table = [
  {
    verb: 'to',
    parameters: 'NAME',
    help: 'open the conversation with NAME',
    build: ([name]) => ({ type: 'to', name: name! }),
  },
  {
    verb: 'msg',
    parameters: 'NAME TEXT',
    help: 'send TEXT to NAME',
    build: ([name, body]) => ({ type: 'msg', to: name!, body: body! }),
  },
  {
    verb: 'list',
    parameters: '[PATTERN]',
    help: 'list accounts; * and ? stand for letters',
    build: ([one]) => optional('list', one),
  },
  {
    verb: 'history',
    parameters: '[NAME]',
    help: 'go back in a conversation',
    build: ([name]) => (name === undefined ? { type: 'history' } : { type: 'history', with: name }),
  },
  {
    verb: 'search',
    parameters: '[TEXT]',
    help: 'look for TEXT everywhere',
    build: ([text]) => ({ type: 'search', text: text ?? '' }),
  },
  plain('delete', 'choose one of your messages and delete it'),
  {
    verb: 'mute',
    parameters: '[NAME]',
    help: 'no bell for a conversation; again: with bell',
    build: ([name]) => named('mute', name),
  },
];

const ROOMS: Table = [
  {
    verb: 'rooms',
    parameters: '[PATTERN]',
    help: 'list rooms; Enter joins one',
    build: ([one]) => optional('rooms', one),
  },
  {
    verb: 'join',
    parameters: '#ROOM',
    help: 'become a member',
    build: ([name]) => ({ type: 'join', room: room(name!) }),
  },
  {
    verb: 'create',
    parameters: '#ROOM [TOPIC]',
    help: 'make a room of your own',
    build: ([name, topic]) => ({ type: 'create', room: room(name!), topic: topic ?? '' }),
  },
  plain('leave', 'leave the room that is open'),
  plain('members', 'list who is in the room'),
  {
    verb: 'topic',
    parameters: '[TOPIC]',
    help: 'set the topic (owner)',
    build: ([text]) => ({ type: 'topic', text: text ?? '' }),
  },
  {
    verb: 'remove',
    parameters: 'NAME',
    help: 'put NAME out of the room (owner)',
    build: ([name]) => ({ type: 'remove', name: name! }),
  },
  {
    verb: 'readmit',
    parameters: 'NAME',
    help: 'let NAME join again (owner)',
    build: ([name]) => ({ type: 'readmit', name: name! }),
  },
  plain('delete-room', 'delete the room with all its messages (owner)'),
];

const ACCOUNT: Table = [
  {
    verb: 'name',
    parameters: '[TEXT]',
    help: 'choose a display name; without TEXT: none',
    build: ([text]) => ({ type: 'name', text: text ?? '' }),
  },
  {
    verb: 'block',
    parameters: '[NAME]',
    help: 'no direct messages between you and NAME',
    build: ([name]) => named('block', name),
  },
  { verb: 'unblock', parameters: 'NAME', help: 'end that', build: ([name]) => ({ type: 'unblock', name: name! }) },
  plain('password', 'change your password'),
  plain('logout', 'log out'),
  plain('logout-everywhere', 'log out on all devices'),
  plain('delete-account', 'delete your account, for good'),
];

const PROGRAM: Table = [
  plain('cluster', 'show the servers'),
  plain('help', 'show this list'),
  plain('quit', 'leave the program; what is not sent yet stays'),
];

const GROUPS: readonly { title: string; table: Table }[] = [
  { title: 'Messages', table: MESSAGES },
  { title: 'Rooms', table: ROOMS },
  { title: 'Account', table: ACCOUNT },
  { title: 'Program', table: PROGRAM },
];

const TABLE: Table = GROUPS.flatMap((group) => group.table);

/** The commands of the terminal UI as they are typed, for completion. */
export const UI_COMMANDS: readonly string[] = TABLE.map(({ verb }) => `/${verb}`);

/** All commands in groups: how each is typed, and what it does. */
export function helpGroups(): { title: string; rows: [typed: string, help: string][] }[] {
  return GROUPS.map(({ title, table }) => ({
    title,
    rows: table.map(({ verb, parameters, help }) => [`/${verb} ${parameters}`.trim(), help]),
  }));
}

/**
 * What a line typed into the terminal UI means: a command when it starts with `/`, else the text of a message. A
 * message that starts with `/` is typed with two of them.
 *
 * @returns the command, or `bad-request` with what is wrong and the nearest command
 */
export function parseUiLine(line: string): Result<Command> {
  if (line.trim() === '') return refusal('bad-request', 'The message is empty; write something first.');
  if (!line.startsWith('/')) return success({ type: 'say', body: line });
  if (line.startsWith('//')) return success({ type: 'say', body: line.slice(1) });
  return parseCommand(TABLE, line.slice(1), { sign: '/', help: '/help' });
}
