import type { WriteEvent } from '../../shared/api.ts';
import { type Result, refusal } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/ids.ts';
import type { Committed } from '../engine/engine.ts';
import type { Connection } from './gateway-connection.ts';
import type { Answer, AnyReply, GatewayContext, Refused } from './gateway-context.ts';
import { PasswordsBusy } from './passwords.ts';

/** The fields that every request which changes something carries. */
export interface Numbered {
  request: number;
  oldest?: number | undefined;
}

/** What a request adds to its number; see the table in `shared/operations.ts`. */
export interface Asked {
  event: WriteEvent;
  /** The fields that make it this request and no other, in a fixed order; never a password. */
  fields: Readonly<Record<string, string>>;
  subject: string;
  body: string;
  /** Who asks, when it is not the account that is logged in; empty for nobody. */
  account?: AccountId | '';
}

/**
 * Hands a request to the engine, as the account that is logged in at the socket. With nobody logged in the engine is
 * asked all the same: a request that was done before is answered again even when its log-in has ended since (R18), and
 * any other is refused there as `not-logged-in`.
 */
export function submit(
  { engine }: GatewayContext,
  connection: Connection,
  { request, oldest }: Numbered,
  asked: Asked,
  answer: (result: Result<Committed>) => void,
): void {
  // Hashing a password takes a while: an earlier number may have been refused meanwhile.
  const marked = connection.markedRefusal(request);
  if (marked) {
    answer({ ok: false, error: marked });
    return;
  }
  engine.submit(
    {
      client: connection.clientId,
      request,
      ...(oldest === undefined ? {} : { oldest }),
      known: connection.known,
      event: asked.event,
      account: asked.account ?? connection.account,
      subject: asked.subject,
      body: asked.body,
      asked: JSON.stringify([asked.event, asked.fields]),
      ...(connection.spread ? { spread: true } : {}),
      ...(connection.spread && connection.account !== '' ? { session: connection.logIn! } : {}),
    },
    answer,
  );
}

/** {@link submit} for those who wait for the end. */
export function submitted(
  context: GatewayContext,
  connection: Connection,
  numbered: Numbered,
  asked: Asked,
): Promise<Result<Committed>> {
  return new Promise((resolve) => submit(context, connection, numbered, asked, resolve));
}

/** What the passwords' threads answered, or the refusal when too many wait for them. */
export async function unlessBusy<T>(work: Promise<T>): Promise<{ ok: true; value: T } | Refused> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof PasswordsBusy) return refusal('unavailable', error.message);
    throw error;
  }
}

/** {@link submit} for a change whose answer tells where it stands and nothing else. */
export function submitChange(
  context: GatewayContext,
  connection: Connection,
  numbered: Numbered,
  asked: Asked,
  answer: Answer,
): undefined {
  submit(context, connection, numbered, asked, (result) => {
    answer(result.ok ? ({ ok: true, position: result.value.position } as AnyReply) : result);
  });
}
