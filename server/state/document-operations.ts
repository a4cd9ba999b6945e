import type { LogEntry } from '../../shared/operations.ts';
import type { ChatParts } from './chat-parts.ts';

/** `document:set`: of a key without a document, or in place of the value that was there. @returns whether there was one before */
export function setDocument({ documents, compactions }: ChatParts, entry: LogEntry): boolean {
  const before = documents.set(entry);
  if (before) compactions.supersede(before.changedAtOp, entry.op);
  compactions.need(entry.op);
  return before !== undefined;
}

/** `document:delete`: nothing happens when there is none. @returns whether there was one before */
export function deleteDocument({ documents, compactions }: ChatParts, { op, subject }: LogEntry): boolean {
  const before = documents.delete(subject);
  if (before) compactions.supersede(before.changedAtOp, op);
  return before !== undefined;
}
