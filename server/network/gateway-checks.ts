import type { z } from 'zod';
import { type ErrorCode, refusal } from '../../shared/errors.ts';
import { PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS } from '../../shared/limits.ts';
import type { Refused } from './gateway-context.ts';

/** A value as it is repeated in a sentence for people: short, on one line, whatever a client sent. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'missing';
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case 'number':
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      return Array.isArray(value) ? 'a list' : 'an object';
  }
}

/** Says which field of a request is not as the schema wants it. */
export function badRequest(event: string, sent: unknown, error: z.ZodError): Refused {
  return refusal('bad-request', `${event}: ${faultIn(sent, error)}`);
}

/** The first thing that a schema found wrong, with the field's name and value. */
export function faultIn(sent: unknown, error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path[0];
  const why = issue?.message ?? 'not as expected';
  if (field === undefined) {
    return typeof sent === 'object' && sent !== null ? `${why}.` : `what was sent is ${shown(sent)}; send one object.`;
  }
  const secret = field === 'password' || field === 'newPassword' || field === 'token';
  const value = (sent as Record<string, unknown>)[String(field)];
  return `"${String(field)}" is ${secret && typeof value === 'string' ? 'not possible' : shown(value)}: ${why}.`;
}

export function noSuchAccount(name: string): Refused {
  return refusal('no-such-account', `There is no account ${shown(name)}; account:list shows those there are.`);
}

export function noSuchRoom(name: string): Refused {
  return refusal('no-such-room', `There is no room ${shown(name)}; room:list shows those there are.`);
}

export function notAMember(name: string): Refused {
  return refusal('not-a-member', `You are not a member of the room ${shown(name)}; join it first.`);
}

export function noSuchMessage(id: string): Refused {
  const hint = 'use the id from message:new or message:history';
  return refusal('no-such-message', `There is no message ${shown(id)} for you; ${hint}.`);
}

export function notLoggedIn(): Refused {
  return refusal('not-logged-in', 'Nobody is logged in at this connection; log in first.');
}

/** A password that is to be an account's. */
export function checkNewPassword(password: string): Refused | undefined {
  const characters = countCharacters(password);
  if (characters < PASSWORD_MIN_CHARACTERS) {
    const wanted = `at least ${PASSWORD_MIN_CHARACTERS} are needed`;
    return refusal('weak-password', `The password has ${characters} characters; ${wanted}.`);
  }
  return checkPassword(password, 'weak-password');
}

/** A password that is to be compared: what no account can have is refused before it costs a hash. */
export function checkPassword(password: string, code: ErrorCode = 'wrong-password'): Refused | undefined {
  const characters = countCharacters(password);
  if (characters > PASSWORD_MAX_CHARACTERS) {
    const wanted = `at most ${PASSWORD_MAX_CHARACTERS} are possible`;
    return refusal(code, `The password has ${characters} characters; ${wanted}.`);
  }
  if (!password.isWellFormed()) {
    return refusal('bad-request', '"password" has half of a surrogate pair, which is no character.');
  }
  return undefined;
}

/** How many code points a text has. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
