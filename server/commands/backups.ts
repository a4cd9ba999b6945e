import type { CopyManifest } from '../storage/copy-manifest.ts';
import { copyFolder } from '../storage/copy-name.ts';
import { DatabaseError } from '../storage/database-error.ts';

/** A copy that is made sooner is reported with the first answer. */
const AT_ONCE_MS = 500;

/** How far a copy is. */
export type BackupAnswer =
  | { copying: { bytes: number; allBytes: number } }
  /** It is whole and on the disk. `folder` is where the server sees it. */
  | { copied: CopyManifest; folder: string }
  | { refused: string };

export interface BackupProgress {
  onSize(bytes: number): void;
  onBytes(bytes: number): void;
}

interface Job {
  name: string;
  bytes: number;
  allBytes: number;
  outcome: BackupAnswer | undefined;
  ended: Promise<void>;
}

/** Makes named copies of a server's database, one at a time, for operators who ask how far it is. */
export class Backups {
  readonly #folder: string;
  readonly #makeCopy: (name: string, progress: BackupProgress) => Promise<CopyManifest>;
  readonly #log: (text: string) => void;
  #job: Job | undefined;

  constructor(
    folder: string,
    makeCopy: (name: string, progress: BackupProgress) => Promise<CopyManifest>,
    log: (text: string) => void,
  ) {
    this.#folder = folder;
    this.#makeCopy = makeCopy;
    this.#log = log;
  }

  /** Begins a copy, and answers when it is made or takes a while. */
  async begin(name: string): Promise<BackupAnswer> {
    const before = this.#job;
    if (before && !before.outcome) {
      return { refused: `The copy ${before.name} is being made; ask again when it is finished.` };
    }
    const job: Job = { name, bytes: 0, allBytes: 0, outcome: undefined, ended: Promise.resolve() };
    this.#job = job;
    job.ended = this.#perform(job);
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, AT_ONCE_MS);
    });
    await Promise.race([job.ended, isLate]);
    clearTimeout(timer);
    return answerOf(job);
  }

  progress(name: string): BackupAnswer {
    if (this.#job?.name === name) return answerOf(this.#job);
    return { refused: `The copy ${name} is not being made; the server may have been started again since.` };
  }

  async #perform(job: Job): Promise<void> {
    this.#log(`An operator asks for the copy ${job.name}.`);
    try {
      const copied = await this.#makeCopy(job.name, {
        onSize: (bytes) => {
          job.allBytes = bytes;
        },
        onBytes: (bytes) => {
          job.bytes += bytes;
        },
      });
      job.outcome = { copied, folder: copyFolder(this.#folder, job.name) };
      this.#log(`The copy ${job.name} is made, with the operations up to ${copied.operations}.`);
    } catch (error) {
      const isKnown = error instanceof DatabaseError;
      job.outcome = { refused: isKnown ? error.message : `Making the copy failed: ${(error as Error).message}.` };
      this.#log(`No copy ${job.name}: ${job.outcome.refused}`);
    }
  }
}

function answerOf({ outcome, bytes, allBytes }: Job): BackupAnswer {
  return outcome ?? { copying: { bytes, allBytes } };
}
