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
  /** Reading or repairing failed. */
  | 'disk';
