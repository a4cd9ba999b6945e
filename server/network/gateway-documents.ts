import type { RequestOf } from '../../shared/api.ts';
import { documentKey, documentText } from '../../shared/documents.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import { notLoggedIn } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext, Refused } from './gateway-context.ts';
import { submit } from './gateway-submit.ts';

/** Documents are everybody's: whoever reaches the server may read and change them, and their rows in the log name no account. */
const NOBODY = '';

/** A page from anywhere, opened by somebody who reaches the servers, would reach all documents with them. */
function whyNotPage({ isOfPage, account }: Connection): Refused | undefined {
  return isOfPage && account === '' ? notLoggedIn() : undefined;
}

export function checkDocument({ key, value }: RequestOf<'document:set'>): Refused | undefined {
  return checkDocumentKey({ key }) ?? refusedOf(documentText(value));
}

export function checkDocumentKey({ key }: { key: string }): Refused | undefined {
  return refusedOf(documentKey(key));
}

/** `document:set`; its content was checked. */
export function setDocument(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'document:set'>,
  answer: Answer,
): undefined {
  const refused = whyNotPage(connection);
  if (refused) return answer(refused);
  connection.keepOpen();
  const [key, body] = [checked(documentKey(request.key)), checked(documentText(request.value))];
  const asked = { event: 'document:set', fields: { key, value: body }, subject: key, body, account: NOBODY } as const;
  submit(context, connection, request, asked, (result) => {
    if (!result.ok) return answer(result);
    const { existed, replicas, position } = result.value;
    answer({ ok: true, created: !existed, replicas, position } as AnyReply);
  });
}

/** `document:delete`: that there is none is no error. */
export function deleteDocument(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'document:delete'>,
  answer: Answer,
): undefined {
  const refused = whyNotPage(connection);
  if (refused) return answer(refused);
  connection.keepOpen();
  const key = checked(documentKey(request.key));
  const asked = { event: 'document:delete', fields: { key }, subject: key, body: '', account: NOBODY } as const;
  submit(context, connection, request, asked, (result) => {
    if (!result.ok) return answer(result);
    const { existed, replicas, position } = result.value;
    answer({ ok: true, deleted: existed, replicas, position } as AnyReply);
  });
}

/** `document:get`: never older than anything that was acknowledged before it was asked. */
export function getDocument(
  { engine }: GatewayContext,
  connection: Connection,
  request: RequestOf<'document:get'>,
  answer: Answer,
): undefined {
  const refused = whyNotPage(connection);
  if (refused) return answer(refused);
  connection.keepOpen();
  const { seen = 0 } = request;
  const key = checked(documentKey(request.key));
  engine.read(
    'latest',
    (chat) => (seen > chat.position ? inTheFuture(seen, chat.position) : success(chat.document(key))),
    (read) => {
      const result = read.ok ? read.value : read;
      if (!result.ok) return answer(result);
      const text = result.value;
      if (text === undefined) return answer({ ok: true, found: false } as AnyReply);
      answer({ ok: true, found: true, value: JSON.parse(text) } as AnyReply, text.length);
    },
  );
}

/** The latest state has not come so far: that position was given out by another history. */
function inTheFuture(seen: number, position: number): Refused {
  const text = `Position ${seen} lies in the future: the last one is ${position}. Reload from the beginning.`;
  return refusal('bad-request', text);
}

function refusedOf(result: Result<string>): Refused | undefined {
  return result.ok ? undefined : result;
}

/** Of what was checked before. */
function checked<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
