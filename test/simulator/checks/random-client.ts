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
  return { name, id, account: undefined, isBusy: false, request: 0, told: 0, toldAs: '', seen: 0, underWay: [] };
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
  if (asked.event === 'message:send' || asked.event === 'message:delete') {
    if (result.ok) client.seen = Math.max(client.seen, position);
    else if (result.error.code === 'not-logged-in' && !client.isBusy) client.account = undefined;
    return;
  }
  client.isBusy = false;
  const isEntering = asked.event === 'account:create' || asked.event === 'session:open';
  if (isEntering && result.ok) {
    client.account = account as AccountId;
    client.seen = Math.max(client.seen, position);
    if (client.toldAs !== asked.ask.username) client.told = 0;
    client.toldAs = String(asked.ask.username);
  } else if (!isEntering) {
    client.account = undefined;
    if (result.ok) client.toldAs = '';
  }
}
