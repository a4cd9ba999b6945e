import type { PlantedBug } from './planted-bug.ts';

/** Mistakes about documents. */
export const bugsOfDocuments: readonly PlantedBug[] = [
  {
    name: 'deletion-leaves-the-document',
    rule: 'R17',
    says: 'A document that was deleted is still there for who reads it.',
    file: 'server/state/documents.ts',
    replacements: [{ find: 'this.#byKey.delete(before.key);', replace: '' }],
  },
  {
    name: 'created-is-told-anew',
    rule: 'R18',
    says: 'Whether a set created its document is not remembered: when it is repeated, it is told to have created it.',
    file: 'server/replication/client-replies.ts',
    replacements: [{ find: 'if (end >= EXISTED) outcome.existed = true;', replace: '' }],
  },
  {
    name: 'snapshot-forgets-documents',
    rule: 'R17',
    says: 'A server that starts from its snapshot has no documents but those that were set since.',
    file: 'server/engine/recovery.ts',
    replacements: [{ find: 'for (const row of rows) chat.restoreDocument(row);', replace: 'void rows;' }],
  },
  {
    name: 'documents-are-read-where-the-primary-was',
    rule: 'R17',
    says: 'A document is read without asking whether this is still the primary.',
    file: 'server/network/gateway-documents.ts',
    replacements: [
      {
        find: "engine.read(\n    'latest',\n    (chat) => (",
        replace:
          "((_: unknown, query: (chat: typeof engine.chat) => ReturnType<typeof inTheFuture> | Result<string | undefined>, done: (read: Result<ReturnType<typeof query>>) => void) => done(success(query(engine.chat))))(\n    'latest',\n    (chat) => (",
      },
    ],
  },
  {
    name: 'replaced-values-stay-in-the-log',
    rule: 'R27',
    says: 'Compaction leaves the value of a document in the log that was replaced.',
    file: 'server/state/document-operations.ts',
    replacements: [{ find: 'compactions.supersede(before.changedAtOp, entry.op)', replace: 'void before.changedAtOp' }],
  },
  {
    name: 'value-goes-before-its-time',
    rule: 'R27',
    says: 'A value that was replaced after a compaction was decided is removed by it where it is carried out late.',
    file: 'server/state/compactions.ts',
    replacements: [{ find: 'if (row <= this.#op) {', replace: 'if (row < 0) {' }],
  },
];
