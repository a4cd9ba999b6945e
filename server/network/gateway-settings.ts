import type { RequestOf } from '../../shared/api.ts';
import { refusal, success } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import { nameKey } from '../../shared/names.ts';
import { whyWrong, wrongPassword } from './gateway-accounts.ts';
import { notLoggedIn } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext } from './gateway-context.ts';
import { readAs } from './gateway-read.ts';
import { type Asked, submitChange, submitted, unlessBusy } from './gateway-submit.ts';

/** `account:settings`: what the account chose, and how many log-ins it has. */
export function readSettings(
  context: GatewayContext,
  connection: Connection,
  { seen }: RequestOf<'account:settings'>,
  answer: Answer,
): undefined {
  readAs(
    context,
    connection,
    seen,
    (chat, account) => {
      const { username, displayName } = chat.account(account)!;
      const blocked = chat.blockedBy(account);
      return success({ username, displayName, blocked, sessions: chat.sessionCount(account) });
    },
    (result) => {
      if (!result.ok) return answer(result);
      answer({ ok: true, ...result.value } as AnyReply, 50 * result.value.blocked.length);
    },
  );
}

/** `account:profile` */
export function setProfile(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:profile'>,
  answer: Answer,
): undefined {
  const { displayName } = request;
  const asked = { event: 'account:profile', fields: { displayName }, subject: '', body: displayName } as const;
  submitChange(context, connection, request, asked, answer);
}

/** `account:block` and `account:unblock`: the same twice changes nothing and is no error. */
export function changeBlock(event: 'account:block' | 'account:unblock') {
  return (
    context: GatewayContext,
    connection: Connection,
    request: RequestOf<'account:block'>,
    answer: Answer,
  ): undefined => {
    const { username } = request;
    const own = connection.account === '' ? undefined : context.engine.chat.account(connection.account)?.username;
    if (own !== undefined && nameKey(own) === nameKey(username)) {
      return answer(refusal('bad-request', 'That is your own username; block and unblock others.'));
    }
    submitChange(context, connection, request, { event, fields: { username }, subject: username, body: '' }, answer);
  };
}

/**
 * `account:password`: the old password is verified first. When it is wrong, the request may have been done before: then the account has
 * its new password already, and only the engine can tell. Asked for nobody, it answers what was done and does nothing new.
 */
export async function changePassword(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:password'>,
  answer: Answer,
): Promise<void> {
  const { account: id, logIn } = connection;
  const account = id === '' ? undefined : context.engine.chat.account(id);
  let asked: Asked = { event: 'account:password', fields: {}, subject: '', body: '', account: '' as AccountId };
  if (account) {
    const tooMany = await context.rates.login(connection);
    if (tooMany) return answer(tooMany);
    const wrong = await whyWrong(context, request.password, account, account.username);
    if (wrong && wrong.error.code !== 'wrong-password') return answer(wrong);
    const hash = wrong ? undefined : await unlessBusy(context.passwords.hash(request.newPassword));
    if (connection.closed) return;
    if (hash && !hash.ok) return answer(hash);
    // It may have been changed, and the log-in ended with that, while this one was being hashed.
    const isUnchanged = context.engine.chat.account(account.id)?.passwordHash === account.passwordHash;
    if (hash && connection.account === id && isUnchanged) {
      asked = { ...asked, subject: logIn!.session, body: hash.value, account: account.id };
    }
  }
  const result = await submitted(context, connection, request, asked);
  if (result.ok) return answer({ ok: true, position: result.value.position } as AnyReply);
  const isUnknown = result.error.code === 'not-logged-in' && asked.account === '';
  if (!isUnknown || !account) return answer(result);
  answer(connection.account === id ? wrongPassword(account.username) : notLoggedIn());
}
