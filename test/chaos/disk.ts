import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

const PAGE_BYTES = 4096;
const SIZE = '4g';

/** A disk of its own for one server, which can be full. */
export class SmallDisk {
  readonly folder: string;
  #isFull = false;

  /** @throws Error with what `mount` said */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    mount('-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'tmpfs', folder);
  }

  /** From now on it takes so many pages of 4,096 bytes, and no more. */
  fill(pagesLeft: number): void {
    const { blocks, bfree, bsize } = statfsSync(this.folder);
    this.#isFull = true;
    mount('-o', `remount,size=${(blocks - bfree) * bsize + pagesLeft * PAGE_BYTES}`, this.folder);
  }

  free(): void {
    if (!this.#isFull) return;
    mount('-o', `remount,size=${SIZE}`, this.folder);
    this.#isFull = false;
  }

  makeReadOnly(): void {
    mount('-o', 'remount,ro', this.folder);
  }

  /** Copies what is on it to a folder that stays. */
  keepIn(folder: string): void {
    spawnSync('cp', ['-r', this.folder, folder]);
  }

  close(): void {
    spawnSync('umount', [this.folder]);
  }
}

function mount(...args: string[]): void {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${(error?.message ?? stderr).trim()}`);
}
