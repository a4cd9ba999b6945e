import type { Address } from '../../shared/ids.ts';
import type { CheckReport } from '../storage/check-report.ts';
import { DatabaseError } from '../storage/database-error.ts';
import { lockHolder } from '../storage/lock.ts';
import { addressOfDatabase, type Restored, restoreCopy, wholeCopy } from '../storage/restore.ts';
import { peekViewFile } from '../storage/view-file.ts';
import { showProgress } from './show-progress.ts';
import { askStatus } from './status.ts';
import { wrapped } from './table.ts';

const WRONG_USE = 2;

/**
 * `server restore DATABASE NAME`: puts a named copy in the place of a stopped server's database.
 *
 * @returns the exit status: 1 when nothing was restored, 2 for a database or a copy that there is not
 */
export async function restore(database: string, name: string): Promise<number> {
  let address: Address;
  try {
    address = addressOfDatabase(database);
  } catch (error) {
    return complain((error as Error).message, WRONG_USE);
  }
  const pid = lockHolder(database);
  if (pid !== undefined) {
    return complain(`${database} is in use by a running server (pid ${pid}): stop all servers first.`, 1);
  }
  const progress = showProgress('Checking the copy');
  let report: CheckReport;
  try {
    report = await wholeCopy(database, name, (done, all) => progress.show(done, all));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    progress.end();
    return complain(error.message, error.code === 'no-such-copy' ? WRONG_USE : 1);
  }
  progress.end();
  const running = await runningServers(database, report);
  if (running.length > 0) {
    const verb = running.length === 1 ? 'runs' : 'run';
    const text = `${running.join(' and ')} still ${verb} and would go on with what the copy replaces: stop all servers of the cluster first. Nothing was changed.`;
    return complain(text, 1);
  }
  const restored = await restoreCopy(database, name, report);
  process.stdout.write(`${restoredLines(database, name, restored, address).join('\n')}\n`);
  return 0;
}

/** Servers that belong to the cluster that is in place now, or was copied, as far as they can be reached from here. */
async function runningServers(database: string, { clusterId, address }: CheckReport): Promise<Address[]> {
  const inPlace = await peekViewFile(database).catch(() => null);
  const clusters = [clusterId, inPlace?.file.clusterId].filter((id) => id);
  const members = inPlace?.file.base?.members.map(({ id }) => id) ?? [];
  const all = [...new Set([addressOfDatabase(database), address as Address, ...members])];
  const answers = await Promise.all(all.map(askStatus));
  return all.filter((_, index) => clusters.includes(answers[index]?.cluster.id));
}

function restoredLines(database: string, name: string, { operations, keptAs }: Restored, address: Address): string[] {
  const kept = keptAs === undefined ? [] : [`What was there is kept in ${database}-${keptAs}`];
  return [
    `Restored "${name}": ${database} holds the operations 1 to ${operations}.`,
    ...kept,
    '',
    ...wrapped(
      `It is a new cluster, of ${address} alone. Move the database folders of the other servers away, start ${address}, then the others: they join it and get everything. Restore on one server only. Everybody logs in again.`,
    ),
  ];
}

function complain(text: string, exitStatus: number): number {
  process.stderr.write(`${text}\n`);
  return exitStatus;
}
