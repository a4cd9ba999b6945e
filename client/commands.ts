import { type Result, refusal, success } from '../shared/errors.ts';

/** One row of a table of commands, from which both the parser and the help text are made. */
export interface CommandEntry<C> {
  verb: string;
  /** As people read it: CAPITALS stand for what they fill in, [brackets] for what may be left out. */
  parameters: string;
  help: string;
  /** Gets a word for each parameter; TEXT, TOPIC and JSON take the rest of the line, spaces and all. */
  build: (words: readonly string[]) => C;
}

/**
 * What a line means according to a table; verbs may be in capitals or small letters. A word with spaces stands in quotes,
 * '…' or "…".
 *
 * @param naming what commands begin with where they are shown, and the one that lists them
 * @returns what the table builds, or `bad-request` with what is wrong and the nearest command
 */
export function parseCommand<C>(
  table: readonly CommandEntry<C>[],
  line: string,
  { sign, help }: { sign: string; help: string },
): Result<C> {
  const { verb, entry, rest } = findEntry(table, line);
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

/** The command that a line names, and the words for its parameters as far as they are typed; undefined when it names none. */
export function typedWords<C>(
  table: readonly CommandEntry<C>[],
  line: string,
): { entry: CommandEntry<C>; parameters: readonly string[]; words: string[] } | undefined {
  const { entry, rest } = findEntry(table, line);
  if (!entry) return undefined;
  const parameters = entry.parameters === '' ? [] : entry.parameters.split(' ');
  return { entry, parameters, words: splitWords(rest, parameters) };
}

/** Verbs are of one word, or of two. */
function findEntry<C>(
  table: readonly CommandEntry<C>[],
  line: string,
): { verb: string; entry: CommandEntry<C> | undefined; rest: string } {
  const [, one = '', behind = ''] = /^(\S*)\s*(.*)$/s.exec(line) ?? [];
  const [, two = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(behind) ?? [];
  const named = (verb: string) => table.find((entry) => entry.verb.toLowerCase() === verb.toLowerCase());
  const pair = named(`${one} ${two}`);
  if (pair) return { verb: pair.verb, entry: pair, rest };
  const begins = table.some(({ verb }) => verb.toLowerCase().startsWith(`${one.toLowerCase()} `));
  const entry = named(one);
  return { verb: entry || !begins ? one : `${one} ${two}`.trim(), entry, rest: behind };
}

/** As many words as there are parameters; TEXT, TOPIC and JSON take the rest as it stands, and what is too much comes last. */
function splitWords(rest: string, parameters: readonly string[]): string[] {
  const words: string[] = [];
  let left = rest;
  for (const parameter of parameters) {
    if (left === '') break;
    if (/TEXT|TOPIC|JSON/.test(parameter)) {
      words.push(left);
      return words;
    }
    const quoted = /^(?:'([^']*)'|"([^"]*)")(?:\s+(.*))?$/s.exec(left);
    const [, plain = '', after = ''] = /^(\S+)\s*(.*)$/s.exec(left) ?? [];
    words.push(quoted ? (quoted[1] ?? quoted[2] ?? '') : plain);
    left = quoted ? (quoted[3] ?? '') : after;
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

/** Lines in which what stands on the right begins below itself. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  return rows.map(([left, right]) => `${left!.padEnd(width)}${right}`);
}
