import { type Result, refusal, success } from '../shared/errors.ts';

/** What a line of the line mode asks for. */
export type ReplCommand =
  | { type: 'create'; username: string; password: string }
  | { type: 'login'; username: string; password: string }
  | { type: 'logout' }
  | { type: 'delete-account'; password: string }
  | { type: 'list'; pattern?: string }
  | { type: 'send'; to: string; body: string }
  | { type: 'history'; with?: string }
  | { type: 'delete'; id: string }
  | { type: 'status' }
  | { type: 'help' }
  | { type: 'quit' };

/** One row of a table of commands, from which both the parser and the help text are made. */
export interface CommandEntry<C> {
  verb: string;
  /** As people read it: CAPITALS stand for what they fill in, [brackets] for what may be left out. */
  parameters: string;
  help: string;
  /** Gets a word for each parameter; TEXT and TOPIC take the rest of the line, spaces and all. */
  build: (words: readonly string[]) => C;
}

const REPL_TABLE: readonly CommandEntry<ReplCommand>[] = [
  {
    verb: 'CREATE',
    parameters: 'USER PASSWORD',
    help: 'make an account and log in',
    build: ([username, password]) => ({ type: 'create', username: username!, password: password! }),
  },
  {
    verb: 'LOGIN',
    parameters: 'USER PASSWORD',
    help: 'log in',
    build: ([username, password]) => ({ type: 'login', username: username!, password: password! }),
  },
  {
    verb: 'SEND',
    parameters: 'USER TEXT',
    help: 'send TEXT to USER',
    build: ([name, body]) => ({ type: 'send', to: name!, body: body! }),
  },
  {
    verb: 'LIST',
    parameters: '[PATTERN]',
    help: 'list accounts; * and ? stand for letters',
    build: ([one]) => list(one),
  },
  { verb: 'HISTORY', parameters: '[USER]', help: 'show the newest messages', build: ([one]) => history(one) },
  {
    verb: 'DELETE',
    parameters: 'ID',
    help: 'delete one of your messages',
    build: ([id]) => ({ type: 'delete', id: id! }),
  },
  { verb: 'LOGOUT', parameters: '', help: 'log out', build: () => ({ type: 'logout' }) },
  {
    verb: 'DELETE-ACCOUNT',
    parameters: 'PASSWORD',
    help: 'delete your account, for good',
    build: ([password]) => ({ type: 'delete-account', password: password! }),
  },
  { verb: 'STATUS', parameters: '', help: 'show the servers', build: () => ({ type: 'status' }) },
  { verb: 'HELP', parameters: '', help: 'show this list', build: () => ({ type: 'help' }) },
  { verb: 'QUIT', parameters: '', help: 'leave the program', build: () => ({ type: 'quit' }) },
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

/**
 * What a line means according to a table; verbs may be in capitals or small letters.
 *
 * @param naming what commands begin with where they are shown, and the one that lists them
 * @returns what the table builds, or `bad-request` with what is wrong and the nearest command
 */
export function parseCommand<C>(
  table: readonly CommandEntry<C>[],
  line: string,
  { sign, help }: { sign: string; help: string },
): Result<C> {
  const [, verb = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(line) ?? [];
  const entry = table.find((one) => one.verb.toLowerCase() === verb.toLowerCase());
  if (!entry) {
    const near = nearest(table, verb);
    const hint = near ? `did you mean ${sign}${near}?` : `${help} lists them.`;
    return refusal('bad-request', `There is no command ${JSON.stringify(`${sign}${verb}`)}; ${hint}`);
  }
  const usage = `${sign}${entry.verb} ${entry.parameters}`.trim();
  const parameters = entry.parameters === '' ? [] : entry.parameters.split(' ');
  const words = splitWords(rest, parameters);
  const missing = parameters.findIndex((name, index) => !name.startsWith('[') && (words[index] ?? '') === '');
  if (missing >= 0) return refusal('bad-request', `${parameters[missing]} is missing: ${usage}`);
  if (words.length > parameters.length) {
    return refusal('bad-request', `${JSON.stringify(words.at(-1)!.slice(0, 40))} is too much: ${usage}`);
  }
  return success(entry.build(words));
}

/** As many words as there are parameters; TEXT takes the rest as it stands, and what is too much comes last. */
function splitWords(rest: string, parameters: readonly string[]): string[] {
  const words: string[] = [];
  let left = rest;
  for (const parameter of parameters) {
    if (left === '') break;
    if (/TEXT|TOPIC/.test(parameter)) {
      words.push(left);
      return words;
    }
    const [, word = '', after = ''] = /^(\S+)\s*(.*)$/s.exec(left) ?? [];
    words.push(word);
    left = after;
  }
  return left.trim() === '' ? words : [...words, left];
}

function nearest<C>(table: readonly CommandEntry<C>[], typed: string): string | undefined {
  const ranked = table.map(({ verb }) => ({ verb, distance: editDistance(verb.toLowerCase(), typed.toLowerCase()) }));
  ranked.sort((a, b) => a.distance - b.distance);
  const best = ranked[0]!;
  return typed !== '' && best.distance <= Math.max(1, Math.floor(best.verb.length / 3)) ? best.verb : undefined;
}

/** Letters to add, remove, replace, or swap with their neighbour to make one word of the other; 9 for "far". */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return 9;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? before[j - 2]! + 1 : replaced;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  return rows.map(([left, right]) => `${left!.padEnd(width)}${right}`);
}

function list(pattern: string | undefined): { type: 'list'; pattern?: string } {
  return pattern === undefined ? { type: 'list' } : { type: 'list', pattern };
}

function history(name: string | undefined): { type: 'history'; with?: string } {
  return name === undefined ? { type: 'history' } : { type: 'history', with: name };
}
