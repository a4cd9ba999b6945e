import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type ChatError, refusal } from '../../shared/errors.ts';
import type { Output } from '../output.ts';

/** Where an export goes. */
export interface ExportTarget {
  write(text: string): Promise<void>;
  /** All is written. @returns why it is not kept; undefined when it is */
  finish(): ChatError | undefined;
  /** Nothing more is written: what is not finished goes. */
  abandon(): void;
}

/** Standard output, no faster than it is read. */
export function printTo(output: Output): ExportTarget {
  return {
    write: (text) => {
      output.raw(text);
      return output.drained();
    },
    finish: () => undefined,
    abandon: () => undefined,
  };
}

/** A file that appears under its name when all of it is on the disk: a half-made one never passes for a whole one. */
export class ExportFile implements ExportTarget {
  readonly #path: string;
  #file: number | undefined;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
  }

  /** @returns the file, or the sentence that says why it cannot be made */
  static open(path: string): ExportFile | string {
    if (existsSync(path)) return `${path} exists already; choose another name, or move it away.`;
    try {
      return new ExportFile(path, openSync(beside(path), 'w', 0o600));
    } catch (failure) {
      return `${path} cannot be written: ${(failure as Error).message}`;
    }
  }

  async write(text: string): Promise<void> {
    if (this.#file !== undefined) writeAll(this.#file, Buffer.from(text));
  }

  finish(): ChatError | undefined {
    if (this.#file === undefined) return undefined;
    fsyncSync(this.#file);
    this.#close();
    if (existsSync(this.#path)) {
      rmSync(beside(this.#path), { force: true });
      return refusal('bad-request', `${this.#path} was made by another program meanwhile; it was left alone.`).error;
    }
    renameSync(beside(this.#path), this.#path);
    return undefined;
  }

  abandon(): void {
    if (this.#file === undefined) return;
    this.#close();
    rmSync(beside(this.#path), { force: true });
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function beside(path: string): string {
  return `${path}.new`;
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
