import type { EntryDraft, LogEntry, LogEvent, NewSnapshot, Remains, Snapshot } from '../../shared/operations.ts';
import type { ViewFile } from '../../shared/views.ts';

/** Called once, when the work is durable, or with the failure. After a failure nothing more may be written (R19). */
export type WhenDurable = (failure?: StorageFailure) => void;

/** A write or fsync that failed. Never retried: what the disk then holds is unknown. */
export interface StorageFailure {
  /** One sentence that names the file, what failed and what to do. */
  message: string;
  /** The disk is full, as opposed to broken. */
  full: boolean;
  /** Rows that had been whole are not any more, from about `op` on: the next start can repair them from the others (R26). */
  damaged?: { op: number };
}

/** Ends the writing of a snapshot whose rows nobody can give any more, because the server ends; no failure of the disk. */
export class AbandonedError extends Error {}

/** What compaction is to remove, as of the `cluster:compact` entry `upTo`: the same answers whenever they are asked, until a later one is applied. */
export interface CompactionPlan {
  /** Op of the `cluster:compact` entry: rows up to it are looked at. */
  upTo: number;
  /** Of a row that has or had a body. */
  remainsOf(op: number, event: LogEvent): Remains;
  /** Of a body of which a part remains. */
  partOf(body: string): string;
  /** False when no row between two ops, both included, became removable after the op `after`. Rows that were refused are not known to it: they go in the first compaction after them. */
  hasRemovals(firstOp: number, lastOp: number, after: number): boolean;
  /** Whether a message, wherever it stands, is deleted. For files that are no longer part of the log. */
  isDeletedMessage(id: string): boolean;
  /** Whether a message was edited after an op, so that a text which it had by then is shown no more. For the same files. */
  isEditedSince(id: string, op: number): boolean;
  /** Whether the document of a key was set anew or deleted after an op. For the same files. */
  isDocumentChangedSince(key: string, op: number): boolean;
  /** Nobody wants it any more: a later entry was applied, or the server ends. */
  isOver(): boolean;
}

/** What the last finished compaction of this database did. */
export interface CompactionReport {
  /** The `cluster:compact` entry. */
  op: number;
  /** Rows whose body was removed or shortened by it here, in the log and in the quarantine. */
  rows: number;
  /** Bytes by which the log's files became shorter; below 0 when texts were shorter than the digests that are kept of them. */
  bytes: number;
  /** Milliseconds since 1970. */
  finishedAt: number;
}

/**
 * Where a replica keeps what it must not forget. The real one is a folder of CSV files (`database.ts`); the simulator
 * has one that loses, tears and delays. Calls may be made while earlier ones are under way; they take effect and are
 * reported in the order of the calls.
 */
export interface ReplicaStorage {
  /** Appends entries that follow the last one. Those that arrive while a write is under way share the next write and fsync. */
  append(entries: readonly LogEntry[], done: WhenDurable): void;
  /** Moves all entries after `op` to a file in `quarantine/`. What was in the snapshot is never cut. */
  cutAfter(op: number, reason: string, done: WhenDurable): void;
  /** Replaces the view file: reported when one copy is durable; the other follows, before the next write of either begins. */
  writeViewFile(file: ViewFile, done: WhenDurable): void;
  writeSessionKey(key: string, done: WhenDurable): void;
  /** Replaces the snapshot as a whole. Runs beside appends. */
  writeSnapshot(snapshot: NewSnapshot, done: WhenDurable): void;
  /** Entries from `fromOp` on, in order, as many as fit into `maxLength` code units of CSV but at least one; none past the end. */
  read(fromOp: number, maxLength: number, done: (entries: LogEntry[], failure?: StorageFailure) => void): void;
  /**
   * Single entries from anywhere in the log, checked.
   *
   * @param ops ascending, each of them in the log
   * @param done gets all of them in order, or the failure: unlike that of a write it changes nothing
   */
  readRows(ops: readonly number[], done: (entries: LogEntry[], failure?: StorageFailure) => void): void;
  /**
   * Removes bodies from rows of the log up to `plan.upTo`, and from the quarantine. Runs beside appends and reads; idempotent, may
   * be ended at any byte and begun again.
   *
   * @param done gets undefined when the plan was over before the end, or nothing is known; the failure only when rows turned out to be damaged
   */
  compact(plan: CompactionPlan, done: (report: CompactionReport | undefined, failure?: StorageFailure) => void): void;
  /** Waits for what is under way, releases the lock. Nothing may be called after it. */
  close(done: WhenDurable): void;
}

/** What a replica starts from: everything that was on disk, checked. */
export interface Recovered {
  /** Null on an empty folder: the disk id is then new. */
  viewFile: ViewFile | null;
  /** Empty when there is none yet. */
  sessionKey: string;
  snapshot: Snapshot | null;
  /** Where the log was when a snapshot was made whose tables can't be used: everything up to there was committed. */
  committed?: Omit<Snapshot, 'tables'> | null;
  /** The last finished compaction; null when none was ever finished on this database. */
  compaction: CompactionReport | null;
  /** One sentence for each thing that was repaired or set aside, for the operator. */
  repairs: string[];
}

/** Turns drafts into entries and rows into entries; the digests of rule R24 are made and checked here. */
export interface EntryCodec {
  /**
   * Gives drafts their places in the log: `op` from `firstOp` on, the digests, the row.
   *
   * @param time milliseconds since 1970, the same for all
   * @param nonce called once for each draft with a body: 32 random hexadecimal digits
   */
  seal(
    drafts: readonly EntryDraft[],
    place: { firstOp: number; previousChain: string; view: string; time: number },
    nonce: () => string,
  ): LogEntry[];
  /**
   * Reads rows as they came over the wire, and checks that they follow `previousChain`.
   *
   * @returns the entries, or the sentence that says which row is wrong and how
   */
  open(rows: string, previousChain: string): { entries: LogEntry[] } | { damage: string };
}
