import type { Address } from '../../shared/ids.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { Incarnation, ViewFile } from '../../shared/views.ts';
import { ClientTable } from '../replication/client-table.ts';
import { newViewFile, type Recovered as RecoveredReplica } from '../replication/replica.ts';
import { ChatState } from '../state/chat-state.ts';
import type { OpenDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';

/** Everything that was on the disk, ready to run. */
export interface RecoveredEngine {
  replica: RecoveredReplica;
  chat: ChatState;
  clients: ClientTable;
  /** Of the last entry in the log, milliseconds since 1970; 0 without one. */
  lastTimeMs: number;
}

/**
 * Reads a database: tables from the snapshot, the history from the log up to it, and the log after it, which is applied
 * only when the others have confirmed it.
 *
 * @param onProgress called now and then with the operation reached and the last one
 * @throws DatabaseError when the log is damaged, Error when the snapshot disagrees with it
 */
export async function recoverEngine(
  database: OpenDatabase,
  options: { address: Address; heartbeatTimeoutMs: number },
  onProgress?: (op: number, lastOp: number) => void,
): Promise<RecoveredEngine> {
  const { snapshot, viewFile, sessionKey } = database.recovered;
  const chat = snapshot ? ChatState.restore(snapshot.tables, snapshot.op) : new ChatState();
  const clientTable = snapshot?.tables.find(({ name }) => name === 'client_table');
  const clients = clientTable ? ClientTable.restore(clientTable) : new ClientTable();
  const entries: LogEntry[] = [];
  let lastTimeMs = 0;
  await database.scan((batch) => {
    for (const entry of batch) {
      lastTimeMs = entry.time;
      if (entry.op <= (snapshot?.op ?? 0)) chat.replayHistory(entry);
      else entries.push(entry);
    }
  }, onProgress);
  const isLast = viewFile?.base?.members.length === 1 && viewFile.base.members[0]!.id === options.address;
  if (isLast && database.missingUpTo > 0) {
    throw new DatabaseError(
      'damaged',
      `The log ends at operation ${database.lastOp}, but operation ${database.missingUpTo} had been written, and this server was the last one of its view: nobody else has it. Put the missing commit_log files back.`,
    );
  }
  const self: Incarnation = {
    id: options.address,
    disk: database.disk,
    incarnation: (viewFile?.incarnation ?? 0) + 1,
  };
  const file: ViewFile = viewFile
    ? { ...viewFile, incarnation: self.incarnation }
    : newViewFile(self, options.heartbeatTimeoutMs);
  return {
    replica: {
      file: {
        ...file,
        largestHeartbeatTimeoutMs: Math.max(file.largestHeartbeatTimeoutMs, options.heartbeatTimeoutMs),
      },
      snapshot: snapshot && { op: snapshot.op, chain: snapshot.chain, view: snapshot.view },
      entries,
      complete: snapshot?.complete ?? false,
      sessionKey,
    },
    chat,
    clients,
    lastTimeMs,
  };
}
