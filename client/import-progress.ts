import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asLines, readLines, replaceFile } from './line-file.ts';

type ProgressRecord = { run: number } | { account: string } | Noted | { room: string };
/** What was done in a run. */
type Noted = { member: string } | { done: number } | { spread: true };

/** What of a file has been imported into a cluster: a second run goes on where the first stopped. */
export class ImportProgress {
  /** From 1; another number makes the import a new one. */
  readonly run: number;
  readonly accounts = new Set<string>();
  /** Line numbers of messages that were answered. */
  readonly done = new Set<number>();
  /** Usernames of those who are in the room. */
  readonly members = new Set<string>();
  /** Its speakers once spread their requests. */
  spread = false;
  /** The room of this run. */
  room: string;
  readonly #file: number;

  /**
   * @param room what it goes into, unless the run has gone into another one already
   * @param again starts over, as a new import
   * @throws when the state folder cannot be written
   */
  constructor(stateFolder: string, fileHash: string, clusterId: string, room: string, again: boolean) {
    const folder = join(stateFolder, 'imports');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${fileHash.slice(0, 32)}-${clusterId.replace(/[^A-Za-z0-9-]/g, '_')}.jsonl`);
    const records = readLines(path, isProgressRecord);
    const last = Math.max(0, ...records.flatMap((record) => ('run' in record ? [record.run] : [])));
    this.run = again || last === 0 ? last + 1 : last;
    this.room = room;
    const kept = records.filter((record) => 'account' in record || (!('run' in record) && this.run === last));
    for (const record of kept) this.#take(record);
    const others = kept.filter((record) => !('room' in record));
    replaceFile(path, asLines([{ run: this.run }, { room: this.room }, ...others]));
    this.#file = openSync(path, 'a', 0o600);
  }

  /** Noted before anything that depends on it: an answer that is not noted here is asked for again. */
  add(record: { account: string } | Noted): void {
    this.#take(record);
    writeSync(this.#file, asLines([record]));
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(record: ProgressRecord): void {
    if ('account' in record) this.accounts.add(record.account);
    else if ('done' in record) this.done.add(record.done);
    else if ('member' in record) this.members.add(record.member);
    else if ('spread' in record) this.spread = true;
    else if ('room' in record) this.room = record.room;
  }
}

function isProgressRecord(value: unknown): value is ProgressRecord {
  if (typeof value !== 'object' || value === null) return false;
  return ['run', 'account', 'done', 'member', 'spread', 'room'].some((key) => key in value);
}
