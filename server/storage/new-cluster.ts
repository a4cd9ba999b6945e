import { randomBytes, randomUUID } from 'node:crypto';
import { type Address, type DiskId, parseView } from '../../shared/ids.ts';
import { HEARTBEAT_TIMEOUT_MS } from '../../shared/limits.ts';
import type { ViewRecord } from '../../shared/views.ts';
import type { CheckReport } from './check-report.ts';
import { DatabaseError } from './database-error.ts';
import { writeSessionKey } from './folder.ts';
import { writeViewFiles } from './view-file.ts';

/**
 * Makes a folder that holds a whole log the database of a new cluster, of which its server is the only member: another cluster
 * id, another disk, another session key, and a view above all that the log was written in. So no server of the old cluster
 * takes it for one of its own, clients notice that their positions mean nothing here, and no log-in of the old cluster opens a
 * session that has the same number here.
 *
 * @returns the id of the cluster
 * @throws DatabaseError `copy` when the log names no view
 */
export async function beginNewCluster(
  folder: string,
  address: Address,
  { lastView, replicationFactor }: Pick<CheckReport, 'lastView' | 'replicationFactor'>,
): Promise<string> {
  const last = parseView(lastView);
  if (!last) throw new DatabaseError('copy', `${folder} holds no operations, so there is nothing to begin with.`);
  const clusterId = randomUUID();
  const number = { epoch: last.epoch, round: last.round + 1, candidate: address };
  const self = { id: address, disk: randomUUID() as DiskId, incarnation: 1 };
  const base: ViewRecord = {
    clusterId,
    number,
    members: [self],
    witnesses: [],
    replicationFactor,
    over: [],
    baseNumber: last,
  };
  await writeSessionKey(folder, randomBytes(32).toString('hex'));
  await writeViewFiles(folder, {
    generation: 1,
    role: 'replica',
    file: {
      clusterId,
      ...self,
      promised: number,
      base,
      pending: [],
      largestHeartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
    },
  });
  return clusterId;
}
