import type { Message } from '../../shared/api.ts';
import type { LogEntry } from '../../shared/operations.ts';
import type { ChosenMessage, HistoryChoice, HistoryPage } from './reader.ts';
import { secondWord } from './subjects.ts';

/**
 * The page of a choice, its texts taken from the rows of the log: of an edited message there are two.
 *
 * @param rowAt the row of the log at a position; undefined when it is not at hand
 * @returns the page, or the positions of the rows that are missing for it, ascending
 */
export function pageOf(
  choice: HistoryChoice,
  rowAt: (position: number) => LogEntry | undefined,
): HistoryPage | { missing: number[] } {
  const missing = new Set<number>();
  const withText = (chosen: ChosenMessage): Message => messageOf(chosen, rowAt, missing);
  const messages = choice.messages.map(withText);
  const changes = choice.changes.map(({ position, message }) => ({ position, message: withText(message) }));
  if (missing.size > 0) return { missing: [...missing].sort((a, b) => a - b) };
  return { ...choice, messages, changes };
}

/** @param missing gets the positions of rows that are not at hand: the message is then not whole */
function messageOf(
  chosen: ChosenMessage,
  rowAt: (position: number) => LogEntry | undefined,
  missing: Set<number>,
): Message {
  const { textAt, ...known } = chosen;
  const sent = rowAt(chosen.position);
  // Another row in its place is no better than none.
  if (sent?.id !== chosen.id) missing.add(chosen.position);
  const isEdited = textAt !== chosen.position;
  const edit = isEdited ? rowAt(textAt) : undefined;
  if (isEdited && edit?.subject !== chosen.id) missing.add(textAt);
  const replyTo = secondWord(sent?.subject ?? '');
  const message: Message = { ...known, body: (edit ?? sent)?.body ?? '', at: sent?.time ?? 0 };
  if (replyTo !== '') message.replyTo = replyTo;
  if (edit) message.editedAt = edit.time;
  return message;
}
