import { closeSync, openSync, writeSync } from 'node:fs';
import type { Message } from '../shared/api.ts';
import { nameKey } from '../shared/names.ts';
import { asLines, readLines, replaceFile } from './line-file.ts';
import type { ReadMark, ToldEvent } from './store.ts';
import { applyTold, positionOf } from './told.ts';

/** Messages that are kept; older ones are a question to the servers. */
const KEPT_MESSAGES = 5000;
/** So many lines more than messages, and the file is rewritten: what was deleted or edited away is gone from it then. */
const COMPACT_LINES = 20_000;

type LogRecord = ToldEvent | { received: number } | { read: ReadMark } | { readIsTold: string };

const RECORDS = [
  ...['message', 'deleted', 'edited', 'reacted', 'changed', 'left', 'upTo'],
  ...['received', 'read', 'readIsTold'],
] as const;

/**
 * What was told to the user, and how much of it reached the reader: a restart shows the newest of it at once and asks for
 * what came later. Nothing in it is lost when it is: it is fetched again. Read marks are here until a server has them.
 */
export class ToldLog {
  readonly #path: string;
  #file: number;
  #messages: Message[] = [];
  #told: number | undefined;
  #received = 0;
  #readMarks = new Map<string, ReadMark>();
  #lines = 0;
  #buffer: LogRecord[] = [];
  #cancelFlush: (() => void) | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    for (const record of readLines(path, isLogRecord)) this.#take(record);
    this.#file = this.#rewrite();
  }

  get told(): number | undefined {
    return this.#told;
  }

  get received(): number {
    return this.#received;
  }

  get readMarks(): readonly ReadMark[] {
    return [...this.#readMarks.values()];
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** After {@link close} nothing is kept any more. */
  add(record: LogRecord): void {
    if (this.#closed) return;
    this.#take(record);
    this.#buffer.push(record);
    if (this.#cancelFlush) return;
    const immediate = setImmediate(() => this.#flush());
    this.#cancelFlush = () => clearImmediate(immediate);
  }

  forget(): void {
    this.#messages = [];
    this.#told = undefined;
    this.#received = 0;
    this.#readMarks.clear();
    this.#startOver();
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    closeSync(this.#file);
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const records = this.#buffer;
    this.#buffer = [];
    if (records.length === 0) return;
    writeSync(this.#file, asLines(records));
    this.#lines += records.length;
    if (this.#lines > this.#messages.length + COMPACT_LINES) this.#startOver();
  }

  #startOver(): void {
    this.#buffer = [];
    closeSync(this.#file);
    this.#file = this.#rewrite();
  }

  #rewrite(): number {
    this.#messages = this.#messages.slice(-KEPT_MESSAGES);
    const records: LogRecord[] = [
      ...this.#messages.map((message) => ({ message })),
      ...(this.#told === undefined ? [] : [{ upTo: this.#told }]),
      { received: this.#received },
      ...this.readMarks.map((read) => ({ read })),
    ];
    replaceFile(this.#path, asLines(records));
    this.#lines = records.length;
    return openSync(this.#path, 'a', 0o600);
  }

  #take(record: LogRecord): void {
    if ('received' in record) this.#received = record.received;
    else if ('read' in record) this.#readMarks.set(nameKey(record.read.with), record.read);
    else if ('readIsTold' in record) this.#readMarks.delete(nameKey(record.readIsTold));
    else if ('upTo' in record) this.#told = record.upTo;
    else {
      applyTold(this.#messages, record);
      if (!('left' in record)) this.#told = positionOf(record);
      if (this.#messages.length > 2 * KEPT_MESSAGES) this.#messages = this.#messages.slice(-KEPT_MESSAGES);
    }
  }
}

function isLogRecord(value: unknown): value is LogRecord {
  if (typeof value !== 'object' || value === null) return false;
  return RECORDS.some((key) => key in value);
}
