import { readdir } from 'node:fs/promises';
import { DatabaseError } from './database-error.ts';
import { type FolderRole, peekViewFile } from './view-file.ts';

/**
 * R16: a witness votes with what it promised as a witness, and a replica with its log: neither may go on where the other
 * left off. A folder in which nothing was ever promised or stored is anybody's. Changes nothing on the disk.
 *
 * @throws DatabaseError `wrong-role`
 */
export async function refuseOtherRole(folder: string, role: FolderRole): Promise<void> {
  const hasLog = (await readdir(folder)).some((name) => /^commit_log-\d{20}\.csv$/.test(name));
  const stored = await peekViewFile(folder);
  if (role === 'witness' && hasLog) throw wrongRole(folder, 'replica');
  if (!stored || stored.role === role) return;
  const { base, promised, pending } = stored.file;
  if (base || promised.round > 0 || pending.length > 0) throw wrongRole(folder, stored.role);
}

function wrongRole(folder: string, found: FolderRole): DatabaseError {
  const advice =
    found === 'witness'
      ? 'start it with "server witness", or start the replica on another port or with another --data folder'
      : 'start it with "server secondary", or start the witness on another port or with another --data folder';
  const what = found === 'witness' ? 'that of a witness' : 'that of a server that holds data';
  return new DatabaseError('wrong-role', `${folder} is ${what}, and nothing was changed there: ${advice}.`);
}
