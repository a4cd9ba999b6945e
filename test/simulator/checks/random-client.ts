import type { AccountId, ClientId } from '../../../shared/ids.ts';
import type { CallResult } from '../client-events.ts';
import type { CheckedEvent } from './calls.ts';

export type Asked = CheckedEvent & { type: 'asked' };

/** A request that has not reached the log, and as whom it was asked. */
export interface UnderWay {
  asked: Asked;
  account: AccountId | '';
}

/** A client of a legal run. */
export interface RandomClient {
  readonly name: string;
  readonly id: ClientId;
  account: AccountId | undefined;
  /** The operation that opened its log-in, as text. */
  session: string;
  isBusy: boolean;
  request: number;
  told: number;
  /** What was told is kept for the next log-in of the same name. */
  toldAs: string;
  /** As the checkers count it: what this run of the client has met. */
  seen: number;
  /** Writes that were asked and have not reached the log, in order. */
  underWay: UnderWay[];
}

export function newClient(name: string): RandomClient {
  const id = `id-of-${name}` as ClientId;
  return {
    name,
    id,
    account: undefined,
    session: '',
    isBusy: false,
    request: 0,
    told: 0,
    toldAs: '',
    seen: 0,
    underWay: [],
  };
}

export function refusal(code: string, definite: boolean): CallResult {
  return { ok: false, error: { code, definite, message: '' } };
}

/** What the answer changes for its client. */
export function onAnswered(
  client: RandomClient,
  asked: Asked,
  result: CallResult,
  account: string,
  position: number,
): void {
  const isEntering = asked.event === 'account:create' || asked.event === 'session:open';
  const isLeaving = ['session:close', 'session:close-all', 'account:delete'].includes(asked.event);
  if (isEntering || isLeaving || asked.event === 'account:password') client.isBusy = false;
  if (isEntering && result.ok) {
    client.account = account as AccountId;
    client.session = String(position);
    client.seen = Math.max(client.seen, position);
    if (client.toldAs !== asked.ask.username) client.told = 0;
    client.toldAs = String(asked.ask.username);
  } else if (isLeaving) {
    client.account = undefined;
    if (result.ok) client.toldAs = '';
  } else if (!isEntering && result.ok) {
    client.seen = Math.max(client.seen, position);
  } else if (!result.ok && result.error.code === 'not-logged-in' && !client.isBusy) {
    client.account = undefined;
  }
}
