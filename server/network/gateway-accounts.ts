import { accountBody } from '../../shared/account-body.ts';
import type { RequestOf } from '../../shared/api.ts';
import { refusal } from '../../shared/errors.ts';
import type { AccountId, SessionId } from '../../shared/ids.ts';
import { nameKey, normalizeUsername } from '../../shared/names.ts';
import type { AccountView, Committed, LogIn } from '../engine/engine.ts';
import { shown } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext, Refused } from './gateway-context.ts';
import { submitted, unlessBusy } from './gateway-submit.ts';

/** Log-ins are named after operations, which are numbered from 1: this one never exists. */
const NOBODYS: LogIn = { session: '0' as SessionId, openedAt: 0 };

/**
 * Requests that change who a socket speaks for. Each holds back the socket's later writes until it is answered: so
 * they take effect in the order sent, and as the account that is logged in by then.
 */

/** `account:create`: the name is the state's to grant; the password is hashed here and known nowhere else. */
export async function createAccount(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:create'>,
  answer: Answer,
): Promise<void> {
  const tooMany = await context.rates.login(connection);
  if (tooMany) return answer(tooMany);
  const name = normalizeUsername(request.username);
  if (!name.ok) return answer(name);
  const username = name.value;
  const hash = await unlessBusy(context.passwords.hash(request.password));
  if (connection.closed) return;
  if (!hash.ok) return answer(hash);
  const result = await submitted(context, connection, request, {
    event: 'account:create',
    fields: { username: request.username },
    subject: username,
    body: accountBody({ username, nameKey: nameKey(username), passwordHash: hash.value }),
    account: '' as AccountId,
  });
  if (!result.ok) return answer(result);
  const account = context.engine.chat.account(String(result.value.position) as AccountId);
  if (result.value.repeated) {
    if (!account) {
      // It was done, so no refusal may say that it was not. The password cannot be verified any more: the token is nobody's.
      answer({
        ok: true,
        username,
        token: context.engine.tokenFor(NOBODYS),
        position: result.value.position,
      } as AnyReply);
      if (!connection.closed) context.presence.endVoid(connection);
      return;
    }
    const wrong = await whyWrong(context, request.password, account, username);
    if (wrong) return answer(wrong);
  }
  answerLoggedIn(context, connection, account, account?.username ?? username, result.value, answer);
}

/** `session:open`: the password is verified first, and for an unknown name that takes as long and says the same. */
export async function openSession(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'session:open'>,
  answer: Answer,
): Promise<void> {
  const tooMany = await context.rates.login(connection);
  if (tooMany) return answer(tooMany);
  const found = await accountNamed(context, request.username);
  if (!found.ok) return answer(found);
  const account = found.value;
  const wrong = await whyWrong(context, request.password, account, request.username);
  if (connection.closed) return;
  if (wrong || !account) return answer(wrong ?? wrongPassword(request.username));
  const result = await submitted(context, connection, request, {
    event: 'session:open',
    fields: { username: request.username },
    subject: '',
    body: '',
    account: account.id,
  });
  if (!result.ok) return answer(result);
  // A repeated request may have been for an account that had the name before this one.
  const owner = context.engine.chat.accountOfLogIn(logInOf(result.value));
  if (owner && owner.id !== account.id) return answer(wrongPassword(request.username));
  // The password that was verified may have been changed before the log-in took effect.
  const current = context.engine.chat.account(account.id);
  if (current && current.passwordHash !== account.passwordHash) return answer(wrongPassword(request.username));
  answerLoggedIn(context, connection, account, account.username, result.value, answer);
}

/** `session:close`: the token is void everywhere once this is answered. */
export async function closeSession(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'session:close'>,
  answer: Answer,
): Promise<void> {
  connection.leaving = true;
  const result = await submitted(context, connection, request, {
    event: 'session:close',
    fields: {},
    subject: connection.account === '' ? '' : connection.logIn!.session,
    body: '',
  });
  answerLeft(context, connection, result, answer);
}

/** `session:close-all`: every log-in of the account ends, on whatever device; all but the asker are told so. */
export async function closeAllSessions(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'session:close-all'>,
  answer: Answer,
): Promise<void> {
  connection.leaving = true;
  const result = await submitted(context, connection, request, {
    event: 'session:close-all',
    fields: {},
    subject: '',
    body: '',
  });
  answerLeft(context, connection, result, answer);
}

/**
 * `account:delete`: the password is verified first. With nobody logged in there is nothing to verify it against: only
 * a request that has deleted its account before is answered, by the engine, and the answer tells nothing.
 */
export async function deleteAccount(
  context: GatewayContext,
  connection: Connection,
  request: RequestOf<'account:delete'>,
  answer: Answer,
): Promise<void> {
  const account = connection.account === '' ? undefined : context.engine.chat.account(connection.account);
  if (account) {
    const tooMany = await context.rates.login(connection);
    if (tooMany) return answer(tooMany);
    const wrong = await whyWrong(context, request.password, account, account.username);
    if (connection.closed) return;
    if (wrong) return answer(wrong);
  }
  connection.leaving = true;
  const result = await submitted(context, connection, request, {
    event: 'account:delete',
    fields: {},
    subject: '',
    body: '',
    account: account?.id ?? ('' as AccountId),
  });
  answerLeft(context, connection, result, answer);
}

function answerLeft(
  { engine, presence }: GatewayContext,
  connection: Connection,
  result: { ok: true } | Refused,
  answer: Answer,
): void {
  connection.leaving = false;
  // A repeated request ended a log-in of then, which need not be the one of now.
  const isOver = connection.logIn !== null && engine.chat.accountOfLogIn(connection.logIn) === undefined;
  if (result.ok && isOver && !connection.closed && connection.account !== '') presence.logOut(connection);
  answer(result.ok ? { ok: true } : result);
}

function answerLoggedIn(
  { engine, presence }: GatewayContext,
  connection: Connection,
  account: AccountView | undefined,
  username: string,
  committed: Committed,
  answer: Answer,
): void {
  const logIn = logInOf(committed);
  const token = engine.tokenFor(logIn);
  const { position } = committed;
  answer({ ok: true, username, token, position } as { ok: true });
  if (connection.closed) return;
  // The answer to a repeated request is the same as then, but its log-in may have ended since.
  if (account && engine.chat.accountOfLogIn(logIn)) presence.logIn(connection, account, logIn);
  else presence.endVoid(connection);
}

/** An account and a log-in are named after the operation that made them. */
function logInOf({ position, at }: Committed): LogIn {
  return { session: String(position) as SessionId, openedAt: at };
}

function accountNamed(
  { engine }: GatewayContext,
  username: string,
): Promise<{ ok: true; value: AccountView | undefined } | Refused> {
  return new Promise((resolve) => engine.read('latest', (chat) => chat.accountByName(username), resolve));
}

/** Verifies a password; of no account it takes as long, and is wrong. */
export async function whyWrong(
  { engine, passwords, unmatchable }: GatewayContext,
  password: string,
  account: AccountView | undefined,
  username: string,
): Promise<Refused | undefined> {
  const verified = await unlessBusy(passwords.verify(password, account?.passwordHash ?? unmatchable));
  if (!verified.ok) return verified;
  const current = account && engine.chat.account(account.id);
  if (current && current.passwordHash !== account.passwordHash) return wrongPassword(username);
  return verified.value && account ? undefined : wrongPassword(username);
}

export function wrongPassword(username: string): Refused {
  const hint = 'check both, or create the account first';
  return refusal('wrong-password', `There is no account ${shown(username)} with this password; ${hint}.`);
}
