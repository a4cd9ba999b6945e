import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readOrEmpty, replaceFile } from './line-file.ts';
import { parseReplLine, secretLine } from './repl-commands.ts';

const FILE = 'repl_history';
const KEPT_LINES = 500;

/** What was typed in line mode, on this machine: in a file of the state folder that only its owner may read. */
export class ReplHistory {
  readonly #path: string;
  /** Oldest first. */
  readonly lines: readonly string[];

  /** Takes up what earlier sessions left; without a readable file it begins empty. */
  constructor(stateFolder: string) {
    this.#path = join(stateFolder, FILE);
    const typed = readTyped(this.#path);
    this.lines = typed.slice(-KEPT_LINES);
    // Cut now and then, not with each line: other sessions write to it as well.
    if (typed.length > 2 * KEPT_LINES) this.#try(() => replaceFile(this.#path, `${this.lines.join('\n')}\n`));
    this.#try(() => mkdirSync(stateFolder, { recursive: true, mode: 0o700 }));
  }

  /** Keeps a line, without its passwords; one that is no command may hold one in any place, and is not kept. */
  add(line: string): void {
    const secret = secretLine(line);
    if (secret === undefined && !parseReplLine(line).ok) return;
    const kept = secret?.shown ?? line.trim();
    this.#try(() => appendFileSync(this.#path, `${kept}\n`, { mode: 0o600 }));
  }

  /** A disk that is full or read-only takes away the history, and nothing else. */
  #try(write: () => void): void {
    try {
      write();
    } catch {
      // Nobody is told: whoever types has other things to read.
    }
  }
}

function readTyped(path: string): string[] {
  try {
    return readOrEmpty(path)
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
