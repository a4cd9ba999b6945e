import { once } from 'node:events';
import { safeText } from './terminal-safe.ts';

/** Exit statuses of the client's commands. */
export const DONE = 0;
export const REFUSED = 1;
export const MISUSED = 2;
export const NOT_REACHED = 3;

/** Where a command's answers go. */
export interface Output {
  /** A line for people; whatever it holds, a terminal is not hurt by it. */
  line(text: string): void;
  /** A line of JSON. */
  json(value: object): void;
  /** Text as it is, for files. */
  raw(text: string): void;
  /** Resolves when whoever reads has taken most of what was written: to be awaited between pieces of something long. */
  drained(): Promise<void>;
  /** A line about what went wrong, or how things go. */
  note(text: string): void;
  readonly isTerminal: boolean;
}

/** Standard output and standard error. When nobody reads on (`| head`), the program ends quietly. */
export function standardOutput(): Output {
  const { stdout, stderr } = process;
  stdout.on('error', (failure: NodeJS.ErrnoException) => {
    if (failure.code === 'EPIPE') process.exit(DONE);
    throw failure;
  });
  return {
    line: (text) => stdout.write(`${safeText(text)}\n`),
    json: (value) => stdout.write(`${JSON.stringify(value)}\n`),
    raw: (text) => stdout.write(text),
    drained: () => (stdout.writableNeedDrain ? once(stdout, 'drain').then(() => undefined) : Promise.resolve()),
    note: (text) => stderr.write(`${safeText(text)}\n`),
    isTerminal: stdout.isTTY === true,
  };
}
