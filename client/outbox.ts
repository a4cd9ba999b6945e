import { closeSync, fdatasync, fdatasyncSync, openSync, write, writeSync } from 'node:fs';
import type { ClientId } from '../shared/ids.ts';
import { asLines, readLines, replaceFile } from './line-file.ts';
import type { StoredMessage } from './store.ts';

/** Numbers are made durable so many at a time. */
const NUMBERS_RESERVED = 1000;
/** Lines beyond this, and four times what is alive, are worth rewriting the file. */
const COMPACT_LINES = 2000;

type OutboxRecord =
  | { client: ClientId }
  | { known: true }
  | { upTo: number }
  | { message: StoredMessage }
  | { answered: number }
  | { parked: number }
  | { refused: number; why: NonNullable<StoredMessage['refused']> };

/**
 * The file from which a client knows after a crash what it asked for under which number: its id, the numbers it may have
 * used, and its unanswered messages. Appended to; what was promised to be durable is synced, the rest follows with it.
 */
export class Outbox {
  readonly #path: string;
  #file: number;
  #clientId: ClientId;
  #known = false;
  #lastNumber = 0;
  #reserved = 0;
  #messages = new Map<number, StoredMessage>();
  #lines = 0;
  #buffer: OutboxRecord[] = [];
  #waiting: { resolve: () => void; reject: (failure: Error) => void; request: number }[] = [];
  #flushing: Promise<void> | undefined;
  /** The end of the file may hold half a row: it is rewritten before anything is appended. */
  #torn = false;
  #closed = false;

  /** Opens the file, or makes it. @throws when it cannot be read or written */
  constructor(path: string, freshClientId: ClientId) {
    this.#path = path;
    this.#clientId = freshClientId;
    for (const record of readLines(path, isOutboxRecord)) this.#take(record);
    this.#lastNumber = Math.max(this.#reserved, ...this.#messages.keys());
    // Rewritten at once: a torn end is gone, and a new id is durable before it is used.
    this.#file = this.#rewrite();
  }

  /** The unanswered messages in a file that another process may be writing to. */
  static peek(path: string): readonly StoredMessage[] {
    const messages = new Map<number, StoredMessage>();
    for (const record of readLines(path, isOutboxRecord)) apply(messages, record);
    return [...messages.values()];
  }

  get clientId(): ClientId {
    return this.#clientId;
  }

  get known(): boolean {
    return this.#known;
  }

  get messages(): readonly StoredMessage[] {
    return [...this.#messages.values()].sort((a, b) => a.request - b.request);
  }

  takeNumber(): number {
    if (this.#lastNumber >= this.#reserved) {
      const reserved = this.#lastNumber + NUMBERS_RESERVED;
      this.#append({ upTo: reserved });
      fdatasyncSync(this.#file);
      this.#reserved = reserved;
    }
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  add(message: StoredMessage): Promise<void> {
    this.#messages.set(message.request, message);
    return this.#durably({ message }, message.request);
  }

  #durably(record: OutboxRecord, request: number): Promise<void> {
    this.#buffer.push(record);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, request });
      this.#flush();
    });
  }

  remove(request: number): void {
    if (this.#messages.delete(request)) this.#note({ answered: request });
  }

  refuse(request: number, why: NonNullable<StoredMessage['refused']>): Promise<void> {
    const message = this.#messages.get(request);
    if (!message) return Promise.resolve();
    this.#messages.set(request, { ...message, refused: why });
    return this.#durably({ refused: request, why }, request);
  }

  park(request: number): void {
    const message = this.#messages.get(request);
    if (!message) return;
    this.#messages.set(request, { ...message, parked: true });
    this.#note({ parked: request });
  }

  markKnown(): void {
    this.#known = true;
    this.#note({ known: true });
  }

  replace(messages: readonly StoredMessage[]): void {
    this.#messages = new Map(messages.map((message) => [message.request, message]));
    this.#startOver();
  }

  renew(clientId: ClientId, messages: readonly StoredMessage[], numbered: number): void {
    this.#clientId = clientId;
    this.#known = false;
    this.#lastNumber = Math.max(numbered, ...messages.map((message) => message.request));
    this.#reserved = this.#lastNumber;
    this.replace(messages);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#flushing) await this.#flushing;
    // The numbers reserved in vain are given back.
    this.#reserved = this.#lastNumber;
    closeSync(this.#rewrite());
    closeSync(this.#file);
  }

  #note(record: OutboxRecord): void {
    this.#buffer.push(record);
    this.#flush();
  }

  #append(record: OutboxRecord): void {
    writeSync(this.#file, asLines([record]));
    this.#lines += 1;
  }

  /** Writes what has gathered; what gathers meanwhile is written next, so that many messages share one sync. */
  #flush(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = this.#flushAll().finally(() => {
      this.#flushing = undefined;
      if (this.#buffer.length > 0) this.#flush();
    });
  }

  async #flushAll(): Promise<void> {
    // One turn of the event loop gathers what is asked for together.
    await Promise.resolve();
    while (this.#buffer.length > 0) {
      const records = this.#buffer;
      const waiting = this.#waiting;
      this.#buffer = [];
      this.#waiting = [];
      try {
        if (this.#torn) this.#startOver();
        await writeAll(this.#file, asLines(records), waiting.length > 0);
        this.#lines += records.length;
        for (const one of waiting) one.resolve();
      } catch (failure) {
        this.#onWriteFailed(waiting, failure as Error);
      }
    }
    if (this.#lines > COMPACT_LINES && this.#lines > 4 * this.#messages.size) this.#tryStartOver();
  }

  #onWriteFailed(waiting: readonly { reject: (failure: Error) => void; request: number }[], failure: Error): void {
    for (const { request } of waiting) this.#messages.delete(request);
    for (const { reject } of waiting) reject(failure);
    // Half a row may be at the end now, and would spoil the next one.
    this.#torn = true;
    this.#tryStartOver();
  }

  #tryStartOver(): void {
    try {
      this.#startOver();
    } catch {
      this.#torn = true;
    }
  }

  /** Rewrites the file; everything in memory is durable then. */
  #startOver(): void {
    const former = this.#file;
    this.#file = this.#rewrite();
    this.#torn = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#buffer = [];
    for (const one of waiting) one.resolve();
    // A write to the former file may still be under way.
    const close = (): void => closeSync(former);
    if (this.#flushing) void this.#flushing.then(close);
    else close();
  }

  #rewrite(): number {
    const records: OutboxRecord[] = [
      { client: this.#clientId },
      ...(this.#known ? [{ known: true } as const] : []),
      { upTo: this.#reserved },
      ...this.messages.map((message) => ({ message })),
    ];
    replaceFile(this.#path, asLines(records));
    this.#lines = records.length;
    return openSync(this.#path, 'a', 0o600);
  }

  #take(record: OutboxRecord): void {
    if ('client' in record) this.#clientId = record.client;
    else if ('known' in record) this.#known = true;
    else if ('upTo' in record) this.#reserved = Math.max(this.#reserved, record.upTo);
    else apply(this.#messages, record);
  }
}

function apply(messages: Map<number, StoredMessage>, record: OutboxRecord): void {
  if ('message' in record) {
    messages.set(record.message.request, record.message);
  } else if ('answered' in record) {
    messages.delete(record.answered);
  } else if ('parked' in record) {
    const message = messages.get(record.parked);
    if (message) messages.set(record.parked, { ...message, parked: true });
  } else if ('refused' in record) {
    const message = messages.get(record.refused);
    if (message) messages.set(record.refused, { ...message, refused: record.why });
  }
}

function writeAll(file: number, text: string, sync: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (failure: Error | null): void => (failure ? reject(failure) : resolve());
    const bytes = Buffer.from(text);
    write(file, bytes, 0, bytes.length, null, (failure, written) => {
      if (failure) reject(failure);
      else if (written < bytes.length) reject(new Error(`only ${written} of ${bytes.length} bytes could be written`));
      else if (sync) fdatasync(file, settle);
      else resolve();
    });
  });
}

function isOutboxRecord(value: unknown): value is OutboxRecord {
  if (typeof value !== 'object' || value === null) return false;
  return ['client', 'known', 'upTo', 'message', 'answered', 'parked', 'refused'].some((key) => key in value);
}
