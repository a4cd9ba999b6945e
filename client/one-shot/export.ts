import { stringify } from 'csv-stringify/sync';
import type { Message, Replies } from '../../shared/api.ts';
import { type ChatError, type Result, refusal } from '../../shared/errors.ts';
import { LIST_MAX_LIMIT } from '../../shared/limits.ts';
import { Progress } from '../../shared/progress.ts';
import type { ChatClient } from '../chat-client.ts';
import { MISUSED, REFUSED } from '../output.ts';
import { ExportFile, type ExportTarget, printTo } from './export-target.ts';
import { askLoggedIn, type OneShotOptions, runLoggedIn } from './session.ts';

export interface ExportOptions {
  format: 'csv' | 'json';
  /** Only the conversation with this account, or all that was said in this room. */
  other?: string | undefined;
  /** Written to instead of standard output; must not exist. */
  file?: string | undefined;
}

type Page = Replies['message:history'];

const COLUMNS = [
  ...['position', 'id', 'at', 'from', 'to', 'body'],
  ...['room', 'edited_at', 'reply_to', 'reactions'],
] as const;

/**
 * `client export`: everything there is, as it is now, in the order of positions; of rooms, what was said since the account
 * joined. A fail-over in the middle costs time only: each page is asked for again until some server gives it.
 *
 * @returns the exit status: that of all one-shot commands; 2 when the file cannot be made
 */
export async function exportAll(options: OneShotOptions, what: ExportOptions): Promise<number> {
  const target = what.file === undefined ? printTo(options.output) : ExportFile.open(what.file);
  if (typeof target === 'string') {
    options.output.note(target);
    return MISUSED;
  }
  try {
    return await runLoggedIn(options, (chat) => exportTo(target, chat, what));
  } catch (failure) {
    if (what.file === undefined || !('code' in (failure as object))) throw failure;
    options.output.note(`${what.file} cannot be written, and there is none: ${(failure as Error).message}`);
    return REFUSED;
  } finally {
    target.abandon();
  }
}

/** Positions of a page that was written mean nothing any more: another cluster, or one that an operator forced. */
const OVERTAKEN: ChatError = refusal(
  'unavailable',
  'Meanwhile the servers went back to another state, and what was exported does not fit it: export again.',
).error;

async function exportTo(
  target: ExportTarget,
  chat: ChatClient,
  { format, other }: ExportOptions,
): Promise<ChatError | undefined> {
  const conversation = other === undefined ? {} : { with: other };
  let progress: Progress | undefined;
  let reloads = 0;
  const stop = chat.onEvent((event) => {
    if (event.type === 'reload') reloads += 1;
  });
  try {
    const newest = await askLoggedIn(chat, () => chat.history({ ...conversation, limit: 1 }));
    if (!newest.ok) return newest.error;
    const reloadsBefore = reloads;
    progress = new Progress('Exporting', process.stderr, () => performance.now());
    if (format === 'csv') await target.write(stringify([[...COLUMNS]]));
    for (let after = 0; ; ) {
      const from = after;
      const page: Result<Page> = await askLoggedIn(chat, () =>
        chat.history({ ...conversation, after: from, limit: LIST_MAX_LIMIT }),
      );
      if (reloads > reloadsBefore) return OVERTAKEN;
      if (!page.ok) return page.error;
      const { messages, position, more } = page.value;
      await target.write(format === 'csv' ? stringify(messages.map(csvRow)) : messages.map(jsonLine).join(''));
      progress.show(position, newest.value.position);
      if (!more || position <= after) break;
      after = position;
    }
    return target.finish();
  } finally {
    progress?.end();
    stop();
  }
}

function jsonLine(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}

function csvRow(message: Message): string[] {
  const { position, id, at, from, to, body, editedAt, replyTo = '', reactions = [] } = message;
  const room = to.startsWith('#') ? to : '';
  const edited = editedAt === undefined ? '' : new Date(editedAt).toISOString();
  // Neither has spaces, and names have no commas and no `=`.
  const given = reactions.map(({ reaction, by }) => `${reaction}=${by.join(',')}`).join(' ');
  const cells = [String(position), id, new Date(at).toISOString(), from, to, body, room, edited, replyTo, given];
  return cells.map(spreadsheetSafe);
}

/** No spreadsheet takes the cell for a formula: one `'` more before what could be one, to be taken off when read. */
function spreadsheetSafe(cell: string): string {
  return /^[=+\-@'\t\r]/.test(cell) ? `'${cell}` : cell;
}
