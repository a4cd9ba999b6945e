import { type ErrorCode, type Result, refusal, success } from '../shared/errors.ts';
import {
  DISPLAY_NAME_MAX_CHARACTERS,
  MESSAGE_BODY_MAX_BYTES,
  PASSWORD_MAX_CHARACTERS,
  PASSWORD_MIN_CHARACTERS,
  PATTERN_MAX_CHARACTERS,
  REACTION_MAX_BYTES,
  ROOM_TOPIC_MAX_BYTES,
  SEARCH_MAX_CHARACTERS,
} from '../shared/limits.ts';
import { normalizeRoomName, normalizeUsername } from '../shared/names.ts';

/**
 * What is wrong in itself is refused before it is kept or sent: a server would cut the connection over some of it, and
 * the client would come back with it again and again.
 */

/** Controls, line ends, and what turns around the direction of the text behind it. */
const DISTURBING = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}]/u;
/** Names of conversations are looked up in the form in which they were typed. */
const NAME_MAX_LENGTH = 1024;

/** A message and whom it is to: a username or a room. */
export function checkMessage(
  to: string,
  body: string,
  replyTo?: string,
): Result<{ to: string; body: string; replyTo?: string }> {
  const recipient = checkConversation(to);
  if (!recipient.ok) return recipient;
  const text = checkBody(body);
  if (!text.ok) return text;
  const replied = replyTo === undefined ? undefined : checkMessageId(replyTo);
  if (replied?.ok === false) return replied;
  return success({ to: recipient.value, body, ...(replyTo === undefined ? {} : { replyTo }) });
}

/** @returns the name of an account or of a room as it is stored */
export function checkConversation(name: string): Result<string> {
  return name.startsWith('#') ? normalizeRoomName(name) : normalizeUsername(name);
}

/** The text of a message. */
export function checkBody(body: string): Result<string> {
  const bytes = bytesOf(body);
  if (bytes === 0) return refusal('bad-request', 'The message is empty; write something first.');
  if (bytes > MESSAGE_BODY_MAX_BYTES) {
    return refusal('too-large', `The message has ${bytes} bytes; at most ${MESSAGE_BODY_MAX_BYTES} are possible.`);
  }
  if (body.includes('\0')) return refusal('bad-request', 'The message contains a NUL character; take it out.');
  if (!body.isWellFormed()) {
    return refusal('bad-request', 'The message contains half of a surrogate pair, which is no text; take it out.');
  }
  return success(body);
}

/** @param code what an impossible password is refused with */
export function checkPassword(password: string, code: 'weak-password' | 'wrong-password'): Result<string> {
  const { length } = [...password.slice(0, 4 * PASSWORD_MAX_CHARACTERS)];
  if (length > PASSWORD_MAX_CHARACTERS || !password.isWellFormed()) {
    return refusal(code, `The password is no text of at most ${PASSWORD_MAX_CHARACTERS} characters.`);
  }
  return success(password);
}

/** A password that is to take the place of another. */
export function checkNewPassword(password: string): Result<string> {
  const { length } = [...password.slice(0, 4 * PASSWORD_MAX_CHARACTERS)];
  if (length < PASSWORD_MIN_CHARACTERS) {
    const wanted = `at least ${PASSWORD_MIN_CHARACTERS} are needed`;
    return refusal('weak-password', `The password has ${length} characters; ${wanted}.`);
  }
  return checkPassword(password, 'weak-password');
}

/** A pattern of names; also the name that a list goes on after. */
export function checkPattern(pattern: string): Result<string> {
  if (pattern.length <= PATTERN_MAX_CHARACTERS && pattern.isWellFormed()) return success(pattern);
  return refusal('bad-request', `The pattern is no text of at most ${PATTERN_MAX_CHARACTERS} characters.`);
}

/** Ids are made by the servers: what does not even look like one is nobody's. */
export function checkMessageId(id: string): Result<string> {
  if (/^[\x21-\x7e]{1,128}$/.test(id)) return success(id);
  const hint = 'use the id from message:new or message:history';
  return refusal('no-such-message', `There is no message ${shown(id)} for you; ${hint}.`);
}

/** What is looked for in messages. */
export function checkSearch(text: string): Result<string> {
  if (text === '') return refusal('bad-request', 'Nothing is looked for; say a text.');
  if (text.length <= SEARCH_MAX_CHARACTERS && text.isWellFormed()) return success(text);
  return refusal('bad-request', `What is looked for is no text of at most ${SEARCH_MAX_CHARACTERS} characters.`);
}

/** Text in place of a name in a question; whether there is such a conversation is the servers' to say. */
export function checkName(name: string, code: ErrorCode): Result<string> {
  if (name.length <= NAME_MAX_LENGTH && name.isWellFormed()) return success(name);
  return refusal(code, `${shown(name)} is no name of at most ${NAME_MAX_LENGTH} characters.`);
}

export function checkReaction(reaction: string): Result<string> {
  const bytes = bytesOf(reaction);
  if (bytes > REACTION_MAX_BYTES) {
    return refusal('too-large', `The reaction has ${bytes} bytes; at most ${REACTION_MAX_BYTES} are possible.`);
  }
  if (!VISIBLE.test(reaction) || /\p{Z}/u.test(reaction)) {
    const wanted = 'an emoji or a word without spaces';
    return refusal('bad-request', `"reaction" is ${shown(reaction)}; send ${wanted}.`);
  }
  return checkLine('reaction', reaction);
}

/** The topic of a room; empty for none. */
export function checkTopic(topic: string): Result<string> {
  const bytes = bytesOf(topic);
  if (bytes > ROOM_TOPIC_MAX_BYTES) {
    return refusal('too-large', `The topic has ${bytes} bytes; at most ${ROOM_TOPIC_MAX_BYTES} are possible.`);
  }
  return checkLine('topic', topic);
}

/** The name that others are shown beside the username; empty for none. */
export function checkDisplayName(displayName: string): Result<string> {
  if (displayName === '') return success(displayName);
  const characters = [...displayName].length;
  if (characters > DISPLAY_NAME_MAX_CHARACTERS) {
    const possible = `at most ${DISPLAY_NAME_MAX_CHARACTERS} are possible`;
    return refusal('too-large', `The display name has ${characters} characters; ${possible}.`);
  }
  if (!VISIBLE.test(displayName)) {
    return refusal('bad-request', `The display name ${shown(displayName)} shows nothing; choose some letters.`);
  }
  return checkLine('displayName', displayName);
}

/** A text of one line that is shown beside others. */
function checkLine(field: string, text: string): Result<string> {
  if (!text.isWellFormed()) {
    return refusal(
      'bad-request',
      `"${field}" has half of a surrogate pair, which is no character; send well-formed text.`,
    );
  }
  const offender = DISTURBING.exec(text)?.[0];
  if (offender === undefined) return success(text);
  const code = offender.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return refusal('bad-request', `"${field}" has the control character U+${code}; write it as one line of plain text.`);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
