import type { RequestOf } from '../../shared/api.ts';
import { refusal } from '../../shared/errors.ts';
import {
  DISPLAY_NAME_MAX_CHARACTERS,
  MESSAGE_BODY_MAX_BYTES,
  REACTION_MAX_BYTES,
  ROOM_TOPIC_MAX_BYTES,
} from '../../shared/limits.ts';
import { normalizeRoomName, normalizeUsername } from '../../shared/names.ts';
import { checkNewPassword, checkPassword, countCharacters, noSuchMessage, shown } from './gateway-checks.ts';
import type { Refused } from './gateway-context.ts';

/** What is wrong in a request itself, whoever asks: lengths and forms. Undefined when nothing is. */

/** Controls, line ends, and the characters that turn around the direction of what follows them: they would disturb a line of somebody's screen. */
const DISTURBING = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}]/u;

export function checkNewAccount({ username, password }: RequestOf<'account:create'>): Refused | undefined {
  return checkUsername({ username }) ?? checkNewPassword(password);
}

export function checkOnlyPassword({ password }: { password: string }): Refused | undefined {
  return checkPassword(password);
}

export function checkPasswordChange(request: RequestOf<'account:password'>): Refused | undefined {
  return checkPassword(request.password) ?? checkNewPassword(request.newPassword);
}

export function checkProfile({ displayName }: RequestOf<'account:profile'>): Refused | undefined {
  if (displayName === '') return undefined;
  const characters = countCharacters(displayName);
  if (characters > DISPLAY_NAME_MAX_CHARACTERS) {
    const possible = `at most ${DISPLAY_NAME_MAX_CHARACTERS} are possible`;
    return refusal('too-large', `The display name has ${characters} characters; ${possible}.`);
  }
  if (!VISIBLE.test(displayName)) {
    return refusal('bad-request', `The display name ${shown(displayName)} shows nothing; choose some letters.`);
  }
  return checkLine('displayName', displayName);
}

/** Only the form of a name: whether there is such an account is the state's to say. */
export function checkUsername({ username }: { username: string }): Refused | undefined {
  const name = normalizeUsername(username);
  return name.ok ? undefined : name;
}

export function checkMessage({ to, body, replyTo }: RequestOf<'message:send'>): Refused | undefined {
  const recipient = to.startsWith('#') ? checkRoom({ room: to }) : checkUsername({ username: to });
  return recipient ?? checkBody(body) ?? (replyTo === undefined ? undefined : checkMessageId({ id: replyTo }));
}

export function checkEdit({ id, body }: RequestOf<'message:edit'>): Refused | undefined {
  return checkMessageId({ id }) ?? checkBody(body);
}

/** Ids are made by the servers: what does not even look like one is nobody's. */
export function checkMessageId({ id }: { id: string }): Refused | undefined {
  return /^[\x21-\x7e]{1,128}$/.test(id) ? undefined : noSuchMessage(id);
}

export function checkReaction({ id, reaction }: RequestOf<'message:react'>): Refused | undefined {
  const bytes = Buffer.byteLength(reaction);
  if (bytes > REACTION_MAX_BYTES) {
    return refusal('too-large', `The reaction has ${bytes} bytes; at most ${REACTION_MAX_BYTES} are possible.`);
  }
  if (!VISIBLE.test(reaction) || /\p{Z}/u.test(reaction)) {
    const wanted = 'an emoji or a word without spaces';
    return refusal('bad-request', `"reaction" is ${shown(reaction)}; send ${wanted}.`);
  }
  return checkMessageId({ id }) ?? checkLine('reaction', reaction);
}

/** Only the form of a room's name. */
export function checkRoom({ room }: { room: string }): Refused | undefined {
  const name = normalizeRoomName(room);
  return name.ok ? undefined : name;
}

export function checkNewRoom({ room, topic = '' }: RequestOf<'room:create'>): Refused | undefined {
  return checkTopic({ room, topic });
}

export function checkTopic({ room, topic }: { room: string; topic: string }): Refused | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes > ROOM_TOPIC_MAX_BYTES) {
    return refusal('too-large', `The topic has ${bytes} bytes; at most ${ROOM_TOPIC_MAX_BYTES} are possible.`);
  }
  return checkRoom({ room }) ?? checkLine('topic', topic);
}

export function checkMember({ room, username }: { room: string; username: string }): Refused | undefined {
  return checkRoom({ room }) ?? checkUsername({ username });
}

/** A message's text: 1 to 16,384 bytes of UTF-8, without NUL, without halves of surrogate pairs. */
function checkBody(body: string): Refused | undefined {
  if (body === '') return refusal('bad-request', '"body" is empty; write something.');
  const bytes = Buffer.byteLength(body);
  if (bytes > MESSAGE_BODY_MAX_BYTES) {
    return refusal('too-large', `The message has ${bytes} bytes; at most ${MESSAGE_BODY_MAX_BYTES} are possible.`);
  }
  const nul = body.indexOf('\0');
  if (nul >= 0) {
    return refusal('bad-request', `"body" has a NUL character at place ${nul + 1}, which cannot be stored; remove it.`);
  }
  return checkWellFormed('body', body);
}

/** A text of one line that is shown beside others. */
function checkLine(field: string, text: string): Refused | undefined {
  const malformed = checkWellFormed(field, text);
  if (malformed) return malformed;
  const offender = DISTURBING.exec(text)?.[0];
  if (offender === undefined) return undefined;
  const code = offender.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return refusal('bad-request', `"${field}" has the control character U+${code}; write it as one line of plain text.`);
}

function checkWellFormed(field: string, text: string): Refused | undefined {
  if (text.isWellFormed()) return undefined;
  return refusal(
    'bad-request',
    `"${field}" has half of a surrogate pair, which is no character; send well-formed text.`,
  );
}
