import type { RequestOf } from '../../shared/api.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import { submit, submitChange } from './gateway-submit.ts';

/** `message:send`: on the fastest path there is; nothing here waits. */
export function sendMessage(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:send'>,
  answer: Answer,
): undefined {
  const { to, body, replyTo } = request;
  const fields = replyTo === undefined ? { to, body } : { to, body, replyTo };
  const subject = replyTo === undefined ? to : `${to} ${replyTo}`;
  submit(context, connection, request, { event: 'message:send', fields, subject, body }, (result) => {
    if (!result.ok) return answer(result);
    const { id, position, at } = result.value;
    answer({ ok: true, id, position, at } as AnyReply);
  });
}

/** `message:edit`: that it is the asker's own message, and may still be changed, is the state's to check. */
export function editMessage(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:edit'>,
  answer: Answer,
): undefined {
  const { id, body } = request;
  submit(context, connection, request, { event: 'message:edit', fields: { id, body }, subject: id, body }, (result) => {
    if (!result.ok) return answer(result);
    const { position, at } = result.value;
    answer({ ok: true, position, at } as AnyReply);
  });
}

/** `message:delete`: likewise; the owner of a room may delete any message in it. */
export function deleteMessage(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'message:delete'>,
  answer: Answer,
): undefined {
  const { id } = request;
  submitChange(
    context,
    connection,
    request,
    { event: 'message:delete', fields: { id }, subject: id, body: '' },
    answer,
  );
}

/** `message:react` and `message:unreact`: the same twice changes nothing and is no error. */
export function reactTo(event: 'message:react' | 'message:unreact') {
  return (
    context: GatewayContext,
    connection: Connection,
    request: RequestOf<'message:react'>,
    answer: Answer,
  ): undefined => {
    const { id, reaction } = request;
    const asked = { event, fields: { id, reaction }, subject: id, body: reaction };
    submitChange(context, connection, request, asked, answer);
  };
}
