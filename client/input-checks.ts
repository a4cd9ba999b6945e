import { type Result, refusal, success } from '../shared/errors.ts';
import { MESSAGE_BODY_MAX_BYTES, PASSWORD_MAX_CHARACTERS, PATTERN_MAX_CHARACTERS } from '../shared/limits.ts';
import { normalizeUsername } from '../shared/names.ts';

/**
 * What is wrong in itself is refused before it is kept or sent: a server would cut the connection over some of it, and
 * the client would come back with it again and again.
 */
export function checkMessage(to: string, body: string): Result<{ to: string; body: string }> {
  const recipient = to.startsWith('#') && to.length <= 64 ? success(to) : normalizeUsername(to);
  if (!recipient.ok) return recipient;
  const bytes = new TextEncoder().encode(body).length;
  if (bytes === 0) return refusal('bad-request', 'The message is empty; write something first.');
  if (bytes > MESSAGE_BODY_MAX_BYTES) {
    return refusal('too-large', `The message has ${bytes} bytes; at most ${MESSAGE_BODY_MAX_BYTES} are possible.`);
  }
  if (body.includes('\0')) return refusal('bad-request', 'The message contains a NUL character; take it out.');
  if (!body.isWellFormed()) {
    return refusal('bad-request', 'The message contains half of a surrogate pair, which is no text; take it out.');
  }
  return success({ to: recipient.value, body });
}

/** @param code what an impossible password is refused with */
export function checkPassword(password: string, code: 'weak-password' | 'wrong-password'): Result<string> {
  const { length } = [...password.slice(0, 4 * PASSWORD_MAX_CHARACTERS)];
  if (length > PASSWORD_MAX_CHARACTERS || !password.isWellFormed()) {
    return refusal(code, `The password is no text of at most ${PASSWORD_MAX_CHARACTERS} characters.`);
  }
  return success(password);
}

export function checkPattern(pattern: string): Result<string> {
  if (pattern.length <= PATTERN_MAX_CHARACTERS && pattern.isWellFormed()) return success(pattern);
  return refusal('bad-request', `The pattern is no text of at most ${PATTERN_MAX_CHARACTERS} characters.`);
}
