import { assert } from '../../shared/assert.ts';
import type { Address } from '../../shared/ids.ts';
import type { LogEntry, Snapshot } from '../../shared/operations.ts';
import type { Incarnation, ViewFile } from '../../shared/views.ts';
import { CLIENT_TABLE, ClientTable } from '../replication/client-table.ts';
import { newViewFile, type Recovered as RecoveredReplica } from '../replication/replica.ts';
import { ChatState } from '../state/chat-state.ts';
import { DOCUMENTS } from '../state/documents.ts';
import { MESSAGE_INDEX } from '../state/message-index.ts';
import type { OpenDatabase } from '../storage/database.ts';
import { DatabaseError } from '../storage/database-error.ts';
import type { CompactionReport } from '../storage/replica-storage.ts';

/** Everything that was on the disk, ready to run. */
export interface RecoveredEngine {
  replica: RecoveredReplica;
  chat: ChatState;
  clients: ClientTable;
  /** Of the last entry in the log, milliseconds since 1970; 0 without one. */
  lastTimeMs: number;
  /** The last compaction that was finished on this disk; null when there was none. */
  compaction: CompactionReport | null;
}

/**
 * Reads a database: tables, documents and the index of messages from the snapshot, and the log after it, which is applied only when the others
 * have confirmed it.
 *
 * @param onProgress called now and then with the operation reached and the last one
 * @throws DatabaseError when the log is damaged, Error when the snapshot disagrees with it
 */
export async function recoverEngine(
  database: OpenDatabase,
  options: { address: Address; heartbeatTimeoutMs: number },
  onProgress?: (op: number, lastOp: number) => void,
): Promise<RecoveredEngine> {
  const { viewFile, sessionKey, compaction } = database.recovered;
  const { chat, clients, place } = await restoreState(database, onProgress);
  const entries: LogEntry[] = [];
  const lastTimeMs = await database.scan((batch) => {
    for (const entry of batch) {
      // Only without tables: what the snapshot contained was committed.
      if (entry.op <= (place?.op ?? 0)) clients.record(entry, chat.apply(entry).outcome);
      else entries.push(entry);
      if (entry.op === place?.op) assert(entry.chain === place.chain, `${place.op} is the operation of the snapshot`);
    }
  }, onProgress);
  const isLast = viewFile?.base?.members.length === 1 && viewFile.base.members[0]!.id === options.address;
  if (isLast && database.missingUpTo > 0) {
    throw new DatabaseError(
      'damaged',
      `The log ends at operation ${database.lastOp}, but operation ${database.missingUpTo} had been written, and this server was the last one of its view: nobody else has it. Put back what is missing: ${firstMissing(database.lastOp)}, or the end of the file before it.`,
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
      snapshot: place && { op: place.op, chain: place.chain, view: place.view },
      entries,
      complete: place?.complete ?? false,
      sessionKey,
    },
    chat,
    clients,
    lastTimeMs,
    compaction,
  };
}

/** The state as the snapshot has it, and where the log was then. Without its tables, it is made anew while the log is read up to there. */
async function restoreState(
  database: OpenDatabase,
  onProgress: ((op: number, lastOp: number) => void) | undefined,
): Promise<{ chat: ChatState; clients: ClientTable; place: Omit<Snapshot, 'tables'> | null }> {
  const { snapshot, committed } = database.recovered;
  if (!snapshot) return { chat: new ChatState(), clients: new ClientTable(), place: committed ?? null };
  const chat = ChatState.restore(snapshot.tables, snapshot.op);
  await database.readLongTable(MESSAGE_INDEX.name, (rows, total) => {
    chat.reserve(total);
    for (const row of rows) chat.restoreIndex(row);
    onProgress?.(Number(rows.at(-1)?.[0] ?? 0), database.lastOp);
  });
  chat.restored();
  // Snapshots of earlier versions have no such table.
  await database.readLongTable(DOCUMENTS.name, (rows) => {
    for (const row of rows) chat.restoreDocument(row);
  });
  const clients = new ClientTable();
  await database.readLongTable(CLIENT_TABLE.name, (rows) => {
    for (const row of rows) clients.restoreRow(row);
  });
  return { chat, clients, place: snapshot };
}

/** The file that holds what follows the last row, if it is a file of its own. */
function firstMissing(lastOp: number): string {
  return `commit_log-${String(lastOp + 1).padStart(20, '0')}.csv`;
}
