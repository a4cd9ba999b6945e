import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { type readAround, readBytes, writeOnce } from './files.ts';

/** What stands beside a file, to take its place, could not be written: nothing is lost by that. */
export class CannotWrite extends Error {}

/** Copied at a time. */
const COPIED_BYTES = 256 * 1024;
/** Written before the disk is waited for, so that the appends of the server never wait behind more than that. */
const SYNC_EVERY_BYTES = 2 * 1024 * 1024;

/** Writes the new content of a file beside it, from the first byte on that changes; what stands before that is copied. */
export class BesideWriter {
  size = 0;
  readonly path: string;
  #file: FileHandle | undefined;
  #unsynced = 0;

  constructor(path: string) {
    this.path = path;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /**
   * @param bytes of the file that stay as they are
   * @param readAt when set, reads the file, as {@link readAround} does
   * @throws CannotWrite, or what the system says when it can't be read
   */
  async begin(from: FileHandle, bytes: number, readAt?: typeof readAround): Promise<void> {
    this.#file = await orGiveUp(open(this.path, 'w'));
    while (this.size < bytes) {
      await this.write([await readBytes(from, this.size, Math.min(bytes, this.size + COPIED_BYTES), readAt)]);
    }
  }

  /** @throws CannotWrite */
  async write(pieces: readonly Buffer[]): Promise<void> {
    const bytes = Buffer.concat(pieces);
    await orGiveUp(writeOnce(this.#file!, bytes, this.size));
    this.size += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced < SYNC_EVERY_BYTES) return;
    this.#unsynced = 0;
    await orGiveUp(this.#file!.datasync());
  }

  /** All of it is on the disk. @throws CannotWrite */
  async finish(): Promise<void> {
    await orGiveUp(this.#file!.sync());
    await this.#close();
  }

  /** Puts it in the place of the file, when it is finished; durable when the folder is synced. @throws CannotWrite */
  async replace(path: string): Promise<void> {
    try {
      await rename(this.path, path);
    } catch (error) {
      await rm(this.path, { force: true }).catch(() => undefined);
      throw new CannotWrite((error as Error).message);
    }
  }

  /** Removes what was written. */
  async giveUp(): Promise<void> {
    const wasBegun = this.isOpen;
    await this.#close();
    if (wasBegun) await rm(this.path, { force: true }).catch(() => undefined);
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}

async function orGiveUp<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new CannotWrite((error as Error).message);
  }
}
