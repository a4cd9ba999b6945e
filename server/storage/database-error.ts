/** Why a database can't be opened or read. The sentence says what was found, what was expected and what to do. */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type DatabaseErrorCode =
  /** Another process has the folder. */
  | 'in-use'
  | 'missing-parent'
  | 'not-a-folder'
  | 'not-writable'
  | 'wrong-owner'
  /** The folder belongs to a server of another address. */
  | 'wrong-address'
  /** A witness was to be started on a replica's folder, or a replica on that of a witness. */
  | 'wrong-role'
  /** No whole view file although the server has promised or stored something. */
  | 'view-file-lost'
  /** A file that another program or version wrote. */
  | 'foreign-file'
  /** A complete row that is wrong, or a missing one. */
  | 'damaged'
  /** A named copy can't be made, or put in the place of a database. */
  | 'copy'
  | 'no-such-copy'
  /** There is no room on the disk. */
  | 'full'
  /** Reading or repairing failed. */
  | 'disk';

/** Where the log stops being whole: everything before it was checked. */
export interface DamagePlace {
  /** Place in the list of segments. */
  segment: number;
  /** The byte of that segment at which the rows stop being whole. */
  offset: number;
  /** The last operation before it, and its chain. */
  op: number;
  chain: string;
}

/** What to do about a log that is damaged on this server, where it cannot be repaired from the others. */
export const WHAT_TO_DO =
  'If other servers of the cluster are running, move this folder away and start this server again: it gets everything from them. Otherwise put back a copy of the file.';

/** A row of the log is wrong or missing although rows after it were written (R19). */
export class LogDamage extends DatabaseError {
  /** File, line, op and what is wrong, as a sentence. */
  readonly what: string;
  readonly place: DamagePlace;

  constructor(what: string, place: DamagePlace) {
    super('damaged', `${what} ${WHAT_TO_DO}`);
    this.what = what;
    this.place = place;
  }
}
