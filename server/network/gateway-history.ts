import type { RequestOf } from '../../shared/api.ts';
import { success } from '../../shared/errors.ts';
import type { HistoryPage } from '../engine/engine.ts';
import { noSuchMessage } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import { endNamed, readMessagesAs } from './gateway-read.ts';

/** Text in one page of history, in UTF-16 code units; a page that would hold more is cut and says that there is more. */
export const HISTORY_PAGE_LENGTH = 1024 * 1024;
/** What a message costs in a page besides its text. */
export const MESSAGE_BYTES = 200;

/** `message:history`: a page of what concerns the asker, or of one of its conversations. */
export function readHistory(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:history'> & { limit: number },
  answer: Answer,
): undefined {
  const { after, before, with: other, limit, seen } = request;
  readMessagesAs(
    context,
    connection,
    seen,
    (chat, account) => {
      const end = other === undefined ? success(undefined) : endNamed(chat, account, other);
      return end.ok ? success(chat.history({ account, after, before, with: end.value, limit })) : end;
    },
    (result) => {
      if (!result.ok) return answer(result);
      const page = shortened(result.value, after !== undefined);
      const { messages, deletions, changes, position, more } = page;
      answer({ ok: true, messages, deletions, changes, position, more } as AnyReply, lengthOf(page));
    },
  );
}

/** `message:get`: a message that the asker may see, by its id. */
export function getMessage(
  context: GatewayContext,
  connection: Connection,
  { id, seen }: RequestOf<'message:get'>,
  answer: Answer,
): undefined {
  readMessagesAs(
    context,
    connection,
    seen,
    (chat, account) => success(chat.messageById(account, id)),
    (result) => {
      if (!result.ok) return answer(result);
      const message = result.value.messages[0];
      if (!message) return answer(noSuchMessage(id));
      answer({ ok: true, message } as AnyReply, message.body.length + MESSAGE_BYTES);
    },
  );
}

function lengthOf({ messages, deletions, changes }: HistoryPage): number {
  let length = MESSAGE_BYTES * (messages.length + deletions.length + changes.length);
  for (const { body } of messages) length += body.length;
  for (const { message } of changes) length += message.body.length;
  return length;
}

/** Cuts a page at the end that is read on from, so that one reply never becomes megabytes; one item always stays. */
function shortened(page: HistoryPage, forwards: boolean): HistoryPage {
  if (lengthOf(page) <= HISTORY_PAGE_LENGTH) return page;
  return forwards ? shortenedForwards(page) : shortenedBackwards(page);
}

function shortenedBackwards(page: HistoryPage): HistoryPage {
  const { messages } = page;
  let length = 0;
  let kept = 0;
  for (const { body } of messages.toReversed()) {
    length += body.length + MESSAGE_BYTES;
    if (length > HISTORY_PAGE_LENGTH && kept > 0) break;
    kept += 1;
  }
  return kept === messages.length ? page : { ...page, messages: messages.slice(-kept), more: true };
}

function shortenedForwards(page: HistoryPage): HistoryPage {
  const items = [
    ...page.messages.map(({ position, body }) => ({ position, length: body.length })),
    ...page.deletions.map(({ position }) => ({ position, length: 0 })),
    ...page.changes.map(({ position, message }) => ({ position, length: message.body.length })),
  ].sort((one, other) => one.position - other.position);
  let length = 0;
  let last = items[0]?.position ?? 0;
  for (const item of items) {
    length += item.length + MESSAGE_BYTES;
    if (length > HISTORY_PAGE_LENGTH && item.position > items[0]!.position) break;
    last = item.position;
  }
  if (last === items.at(-1)?.position) return page;
  const isKept = ({ position }: { position: number }): boolean => position <= last;
  return {
    messages: page.messages.filter(isKept),
    deletions: page.deletions.filter(isKept),
    changes: page.changes.filter(isKept),
    position: last,
    more: true,
  };
}
