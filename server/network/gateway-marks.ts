import type { RequestOf } from '../../shared/api.ts';
import { type Result, refusal, success } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { ChatReader } from '../engine/engine.ts';
import { noSuchAccount, noSuchRoom, notAMember, notLoggedIn, shown } from './gateway-checks.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, GatewayContext } from './gateway-context.ts';
import { endNamed } from './gateway-read.ts';

/** What is told lightly: it is not numbered, and when it gets lost little is. */

/** `message:received`: answered at once; when it is lost, the account's next device shows a few messages as new again. */
export function noteReceived(
  { engine }: GatewayContext,
  connection: Connection,
  { position }: RequestOf<'message:received'>,
  answer: Answer,
): undefined {
  if (connection.account === '') return answer(notLoggedIn());
  engine.received(connection.account, position);
  answer({ ok: true });
}

/** `conversation:read`: noted by the primary, which writes down many marks at a time. */
export function markRead(
  { engine, presence }: GatewayContext,
  connection: Connection,
  { with: name, position }: RequestOf<'conversation:read'>,
  answer: Answer,
): undefined {
  const { account } = connection;
  if (account === '') return answer(notLoggedIn());
  if (!presence.serves(connection)) return answer({ ok: false, error: engine.whyNotPrimary() });
  const end = endNamed(engine.chat, account, name);
  if (!end.ok) return answer(end);
  engine.markRead(account, end.value, position);
  answer({ ok: true });
}

/** `typing:set`: passed on to those in the conversation who are connected, whichever server that is. */
export function forwardTyping(
  context: GatewayContext,
  connection: Connection,
  { with: name, typing }: RequestOf<'typing:set'>,
  answer: Answer,
): undefined {
  const { account } = connection;
  const { engine, presence } = context;
  if (account === '') return answer(notLoggedIn());
  if (!presence.serves(connection)) return answer({ ok: false, error: engine.whyNotPrimary() });
  const news = { type: 'typing', account, with: name, typing } as const;
  const passed = passTyping(context, news);
  if (!passed.ok) return answer(passed);
  engine.tellServers(news);
  answer({ ok: true });
}

/** Tells those in the conversation who are connected here. @returns why nobody is to be told */
export function passTyping(
  { engine, presence }: Pick<GatewayContext, 'engine' | 'presence'>,
  { account, with: name, typing }: { account: AccountId; with: string; typing: boolean },
): Result<undefined> {
  const { chat } = engine;
  const username = chat.account(account)?.username;
  if (username === undefined) return notLoggedIn();
  const told = name.startsWith('#') ? membersTold(chat, account, name) : otherTold(chat, account, name);
  if (!told.ok) return told;
  const { accounts, room } = told.value;
  const ready = accounts.filter((one) => presence.pushes.isReady(one) && !chat.isBlocked(one, account));
  presence.pushes.passTo(ready, 'typing:changed', { with: room ?? username, username, typing });
  return success(undefined);
}

interface Told {
  accounts: AccountId[];
  /** The room's name, when it is in a room. */
  room?: string;
}

function membersTold(chat: ChatReader, account: AccountId, name: string): Result<Told> {
  const view = chat.roomByName(name);
  if (!view) return noSuchRoom(name);
  if (!chat.isMember(account, view.id)) return notAMember(name);
  const accounts = [...chat.membersOf(view.id)].filter((member) => member !== account);
  return success({ accounts, room: view.room.name });
}

function otherTold(chat: ChatReader, account: AccountId, name: string): Result<Told> {
  const other = chat.accountByName(name);
  if (!other) return noSuchAccount(name);
  if (chat.isBlocked(other.id, account)) {
    return refusal('blocked', `${shown(other.username)} has blocked you, so nothing from you gets there.`);
  }
  if (chat.isBlocked(account, other.id)) {
    return refusal('blocked', `You have blocked ${shown(other.username)}; unblock them first.`);
  }
  return success({ accounts: other.id === account ? [] : [other.id] });
}
