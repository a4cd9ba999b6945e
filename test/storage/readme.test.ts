import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { queueTable } from '../../server/engine/queue-table.ts';
import { CLIENT_TABLE, ClientTable } from '../../server/replication/client-table.ts';
import { ChatState } from '../../server/state/chat-state.ts';
import { DOCUMENTS } from '../../server/state/documents.ts';
import { MESSAGE_INDEX } from '../../server/state/message-index.ts';
import { checkDatabase } from '../../server/storage/check-database.ts';
import { LOG_EVENTS } from '../../shared/operations.ts';
import { openScanned, temporaryFolder } from './samples.ts';

const readme = await readFile(new URL('../../data/README.md', import.meta.url), 'utf8');

/** The files that data/README.md shows, by name, with the text up to the next one. */
const shown = new Map(
  Array.from(readme.matchAll(/^### `([^`]+)`\n\n```csv\n([\s\S]*?)```([\s\S]*?)(?=^##|$(?![\s\S]))/gm), (match) => [
    match[1]!,
    { content: match[2]!, explanation: match[3]! },
  ]),
);

async function folderAsShown(): Promise<string> {
  const folder = join(await temporaryFolder(), 'database');
  await mkdir(folder);
  for (const [name, { content }] of shown) if (name !== 'copy.csv') await writeFile(join(folder, name), content);
  return folder;
}

describe('data/README.md', () => {
  it('shows files that a server starts from as they stand', async () => {
    const { recovered, entries } = await openScanned(await folderAsShown());
    expect(recovered.repairs).toEqual([]);
    expect(recovered.viewFile?.base?.members).toHaveLength(1);
    expect(recovered.snapshot?.op).toBe(entries.length);
    expect(recovered.compaction).toMatchObject({ op: 5, rows: 2, bytes: 1480 });
    expect(entries.length).toBeGreaterThan(5);
  });

  it('shows the tables that the shown log leads to', async () => {
    const { recovered, entries, readLongTable } = await openScanned(await folderAsShown());
    const chat = new ChatState();
    const clients = new ClientTable();
    for (const entry of entries) clients.record(entry, chat.apply(entry).outcome);
    expect(recovered.snapshot?.tables).toEqual(chat.snapshot());
    const clientRows: string[][] = [];
    await readLongTable(CLIENT_TABLE.name, (rows) => void clientRows.push(...rows));
    expect(clientRows).toEqual(clients.snapshot().rows);
    const index: string[][] = [];
    await readLongTable(MESSAGE_INDEX.name, (rows) => void index.push(...rows));
    expect(index).toEqual([...chat.takeIndexRows().rows]);
    const documents: string[][] = [];
    await readLongTable(DOCUMENTS.name, (rows) => void documents.push(...rows));
    expect(documents).toEqual([...chat.documents.pieces()].flat());
  });

  it('shows the list of queued messages that the shown log leads to', async () => {
    const { entries, storage } = await openScanned(await folderAsShown());
    const chat = new ChatState();
    for (const entry of entries) chat.apply(entry);
    const { columns, pieces } = queueTable(chat.queue(), storage, () => false);
    const rows: string[][] = [[...columns]];
    for await (const piece of pieces) rows.push(...(piece as string[][]));
    const content = rows.map((row) => `${row.join()}\n`).join('');
    expect(shown.get('queued_messages.csv')?.content).toBe(content);
  });

  it('shows what a named copy says of itself', async () => {
    const folder = join(await temporaryFolder(), 'copy');
    await mkdir(folder);
    for (const [name, { content }] of shown)
      if (/^(commit_log|copy)/.test(name)) await writeFile(join(folder, name), content);
    const { damages, bytes, copy } = await checkDatabase(folder);
    expect({ damages, bytes }).toEqual({ damages: [], bytes: copy?.bytes });
  });

  it('explains every column, every key and every event', () => {
    for (const [name, { content, explanation }] of shown) {
      if (name === 'view-2.csv') continue;
      const header = content.split('\n', 1)[0]!;
      const keys = content.split('\n').map((line) => line.split(',', 1)[0]!);
      const names =
        header === 'key,value' ? keys.filter((key) => !['key', 'sha256', ''].includes(key)) : header.split(',');
      for (const column of names) expect(explanation, `${column} of ${name}`).toContain(`| \`${column}\` |`);
    }
    for (const event of LOG_EVENTS) expect(readme).toContain(`| \`${event}\` |`);
  });
});
